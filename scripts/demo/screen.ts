// How the demo looks: steps, commands, and what they print.

const isTerminal = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
const strong = (text: string): string => (isTerminal ? `\u001B[1m${text}\u001B[22m` : text);
const faint = (text: string): string => (isTerminal ? `\u001B[2m${text}\u001B[22m` : text);

let steps = 0;

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Begins a step. */
export function showStep(title: string): void {
  steps += 1;
  say(`\n${strong(`${steps}. ${title}`)}\n`);
}

export function showCommand(command: string): void {
  say(`  ${strong(`$ ${command}`)}`);
}

/** What a command printed, as it is, below the command. */
export function showOutput(text: string): void {
  if (text !== "") say(text.trimEnd().replaceAll(/^/gm, "  "));
}

export function showTime(elapsedMs: number, more = ""): void {
  say(faint(`  (${formatSeconds(elapsedMs)}${more})`));
}

/** A claim that was checked and holds. */
export function showProof(text: string): void {
  say(`  ok: ${text}`);
}

export function showEnd(elapsedMs: number): void {
  say(`\nEverything was as it should be, in ${formatSeconds(elapsedMs)}.`);
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function formatSize(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 100 * 1024 ** 2 ? 1 : 0)} MiB`;
}
