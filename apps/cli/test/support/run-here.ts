import { EventEmitter } from "node:events";

import { run } from "../../src/run.ts";
import type { StoreRun } from "./run-store.ts";

class Sink extends EventEmitter {
  text = "";
  write(text: string): void {
    this.text += text;
  }
}

/** Runs the command line in this process: all of it but the start. */
export async function runHere(
  args: readonly string[],
  options: { readonly home: string; readonly env?: Readonly<Record<string, string>> },
): Promise<StoreRun> {
  const stdout = new Sink();
  const stderr = new Sink();
  const code = await run({
    args,
    env: { HOME: options.home, MODELS_HOME: `${options.home}/models`, ...options.env },
    platform: process.platform,
    stdin: (async function* () {})(),
    stdout,
    stderr,
    signal: new AbortController().signal,
    failOutput(error) {
      throw error;
    },
  });
  return { code, signal: undefined, stdout: stdout.text, stderr: stderr.text };
}
