import { spawnSync } from "node:child_process";

/** A peer on this machine that tests can compare with, or why there is none. */
export type Tool =
  | { readonly command: string; readonly reason?: undefined }
  | { readonly command?: undefined; readonly reason: string };

/** The `lz4` command. */
export function findLz4(): Tool {
  return firstThatWorks(["lz4"], ["--version"], "the lz4 command is not installed");
}

/** A Python that can do what a line of it needs: a machine may have several. */
export function findPython(line: string, reason: string): Tool {
  return firstThatWorks(["python3", "/usr/bin/python3"], ["-c", line], reason);
}

function firstThatWorks(commands: readonly string[], args: string[], reason: string): Tool {
  const command = commands.find((name) => spawnSync(name, args).status === 0);
  return command === undefined ? { reason } : { command };
}

/** Runs a peer with bytes as its input and returns its output. A failure is an error. */
export function runTool(command: string, args: readonly string[], input: Uint8Array): Buffer {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    input,
    maxBuffer: 1024 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.toString("utf8")}`);
  return stdout;
}

/** A title that says why a test does not run, where it does not. */
export function titled(title: string, { reason }: Tool): string {
  return reason === undefined ? title : `${title} (skipped: ${reason})`;
}
