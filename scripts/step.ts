// A step of a run: something with a name that either finds problems or does not.
//
// A step never prints. It answers its findings, and `runStep` gives it one line with its time, and
// further lines only for what a reader has to act on.

export interface StepResult {
  /** What is wrong, one entry each; a step with none has passed. */
  readonly problems: readonly string[];
  /** What is worth knowing but not wrong. */
  readonly notes?: readonly string[];
  /** A few words behind the time. */
  readonly summary?: string;
}

export interface Step {
  readonly name: string;
  /** Looks at the repository whose directory is `root`. */
  readonly run: (root: string) => Promise<StepResult>;
}

const NAME_WIDTH = 20;

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a step, prints its line, and says whether it passed. A step that throws has failed. */
export async function runStep(step: Step, root: string): Promise<boolean> {
  const startedMs = performance.now();
  const result = await attempt(step, root);
  const passed = result.problems.length === 0;
  printStep(step.name, passed, performance.now() - startedMs, result);
  return passed;
}

export function printStep(
  name: string,
  passed: boolean,
  elapsedMs: number,
  result: StepResult,
): void {
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
  const line = `${passed ? "ok  " : "FAIL"}  ${name.padEnd(NAME_WIDTH)} ${seconds.padStart(8)}`;
  print(result.summary === undefined ? line : `${line}   ${result.summary}`);
  for (const note of result.notes ?? []) print(indent(`note: ${note}`));
  for (const problem of result.problems) print(indent(problem));
}

export function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "      ");
}

async function attempt(step: Step, root: string): Promise<StepResult> {
  try {
    return await step.run(root);
  } catch (error) {
    return { problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}
