// Runs one tool of the repository and answers what it said.
//
// The tools of the workspace root come first on PATH, so that a script behaves the same whether
// pnpm started it or a person did, and none of them reports usage to anybody. Output that is
// collected is plain text on every machine: many tools colour what they write where CI is set.

import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

export interface CommandResult {
  readonly code: number;
  /** Standard output and standard error in the order they arrived; empty when `stream` was set. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd: string;
  /** Where `node_modules/.bin` is looked up; the working directory if absent. */
  readonly root?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Show the output while it arrives instead of collecting it. */
  readonly stream?: boolean;
}

/** `FORCE_COLOR` would win over `NO_COLOR` in some tools; undefined takes it away. */
const PLAIN = { NO_COLOR: "1", FORCE_COLOR: undefined };

/** Code of a command that could not be started, as a shell reports it. */
const NOT_STARTED = 127;
/** Code of a command that a signal ended. */
const KILLED = 128;

export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const tools = join(options.root ?? options.cwd, "node_modules", ".bin");
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: {
      ...process.env,
      DO_NOT_TRACK: "1",
      ...(options.stream ? {} : PLAIN),
      ...options.env,
      PATH: `${tools}${delimiter}${process.env["PATH"] ?? ""}`,
    },
    stdio: ["ignore", options.stream ? "inherit" : "pipe", options.stream ? "inherit" : "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  child.on("error", (error) => resolve({ code: NOT_STARTED, output: error.message }));
  child.on("close", (code, signal) =>
    resolve({
      code: code ?? KILLED,
      output: Buffer.concat(chunks).toString("utf8") + (signal ? `\nended by ${signal}\n` : ""),
    }),
  );
  return promise;
}
