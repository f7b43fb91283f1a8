// Runs tasks of the workspace and answers how each of them ended.
//
// The answer comes from the summary turbo writes, not from its output: a task served from the cache
// counts like one that ran, and a task that never started is not taken for a success.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { runCommand } from "./run-command.ts";

export interface TaskResult {
  /** `@store/layout#test` */
  readonly id: string;
  /** Of a task that did not run, `undefined`. */
  readonly exitCode: number | undefined;
  readonly elapsedMs: number;
  /** The end of what a failed task printed; empty for others. */
  readonly log: string;
}

interface Summary {
  readonly tasks: readonly {
    readonly taskId: string;
    readonly logFile: string;
    readonly execution?: {
      readonly startTime: number;
      readonly endTime: number;
      readonly exitCode?: number;
    };
  }[];
}

/** Enough for the failures a test runner lists at its end. */
const LOG_LINES_MAX = 120;

export async function runTurbo(
  root: string,
  tasks: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly TaskResult[]> {
  const { output } = await runCommand(
    "turbo",
    ["run", ...tasks, "--continue=always", "--output-logs=errors-only", "--summarize"],
    { cwd: root, env },
  );
  const path = /^\s*Summary:\s+(\S.*)$/m.exec(stripVTControlCharacters(output))?.[1];
  if (path === undefined) throw new Error(`turbo wrote no summary:\n${output}`);
  const summary: Summary = JSON.parse(await readFile(path.trim(), "utf8"));
  await rm(path.trim());
  return Promise.all(
    summary.tasks.map(async ({ taskId, logFile, execution }) => {
      const exitCode = execution?.exitCode;
      const elapsedMs = execution === undefined ? 0 : execution.endTime - execution.startTime;
      const log = exitCode === 0 ? "" : await readLog(join(root, logFile));
      return { id: taskId, exitCode, elapsedMs, log };
    }),
  );
}

async function readLog(path: string): Promise<string> {
  try {
    const lines = stripVTControlCharacters(await readFile(path, "utf8"))
      .trimEnd()
      .split("\n");
    const left = lines.length - LOG_LINES_MAX;
    const end = lines.slice(-LOG_LINES_MAX).join("\n");
    return left > 0 ? `(${left} lines before these in ${path})\n${end}` : end;
  } catch {
    return "it did not run";
  }
}
