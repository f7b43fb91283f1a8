#!/usr/bin/env node
import { createInterrupt } from "./interrupt.ts";
import { run } from "./run.ts";

/** How long the process may still live on sockets and timers that nobody waits for. */
const LINGER_MS = 500;

// A fault of the program is told as such, with the exit code that says so, and not with a stack.
process.on("uncaughtException", (error) => {
  void import("./errors/report-error.ts").then(({ reportError }) => {
    const debug = (process.env["STORE_DEBUG"] ?? "") !== "";
    const { text, exitCode: failed } = reportError(error, { json: false, debug });
    process.stderr.write(text);
    process.exit(failed);
  });
});

// A write beyond the shell's limit on files then fails, and what failed can be told.
if (process.platform !== "win32") process.on("SIGXFSZ", () => {});

const interrupt = createInterrupt(process);
const exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupt.signal,
  failOutput(error) {
    // An answer that nobody got is no success, whenever that turns out.
    process.exitCode = 1;
    void import("./errors/report-error.ts").then(({ exitCodeOf }) => {
      process.exitCode = exitCodeOf(error);
      process.stderr.write(`store: cannot write the answer: ${error.message}\n`);
    });
  },
});
process.exitCode ??= exitCode;
interrupt.release();
leaveLater();

function leaveLater(): void {
  setTimeout(() => {
    // A slow reader is somebody who waits.
    if (process.stdout.writableLength > 0) leaveLater();
    else process.exit();
  }, LINGER_MS).unref();
}
