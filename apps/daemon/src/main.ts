#!/usr/bin/env node
import { constants } from "node:os";

import { run } from "./run.ts";

/** A shell adds this to the number of the signal that ended a process. */
const EXIT_CODE_OF_SIGNALS = 128;
/** How long the process may still live on reads that nobody waits for: of a dead mount, say. */
const LINGER_MS = 500;

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The first signal asks; the second waits for nobody. Both leave the disk as a crash may.
    if (ending.signal.aborted) process.exit(EXIT_CODE_OF_SIGNALS + constants.signals[signal]);
    ending.abort();
  });
}
// A reader of our output that goes away is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  signal: ending.signal,
});
setTimeout(() => process.exit(), LINGER_MS).unref();
