import { execFile } from "node:child_process";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { join } from "node:path";
import { promisify } from "node:util";

import { digestFile, openBlobStore, openLayout } from "@store/layout";

import { report } from "../harness/compare.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";

const MIB = 1024 * 1024;
const MEMORY_MIB_MAX = 80;
const DELAY_MS_MAX = 50;

/** Peak memory of a process that runs the compiled package, as a user's does. */
async function peakMib(program: string): Promise<number> {
  // VmHWM, not ru_maxrss: the latter counts what the parent had before this process began.
  const whole = `
    import { readFileSync } from "node:fs";
    ${program}
    const status = readFileSync("/proc/self/status", "utf8");
    process.stdout.write(String(Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) / 1024));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", whole],
    { cwd: import.meta.dirname },
  );
  return Number(stdout);
}

/** What moving and hashing a large blob costs in memory, and how long it keeps others waiting. */
export function benchMemory(): Promise<void> {
  return withScratch(async (directory) => {
    const source = join(directory, "model.bin");
    await writeRandomFile(source, LARGE_BYTES);
    const empty = await peakMib("");
    const full = await peakMib(`
      const { openLayout, openBlobStore } = await import("@store/layout");
      const layout = await openLayout(${JSON.stringify(join(directory, "models"))});
      await openBlobStore(layout).adopt(${JSON.stringify(source)});
    `);
    report(
      `memory of an add by copy of ${LARGE_BYTES / MIB} MiB, above an empty process`,
      `${(full - empty).toFixed(0)} MiB`,
      { text: `< ${MEMORY_MIB_MAX} MiB`, met: full - empty < MEMORY_MIB_MAX },
    );

    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await openBlobStore(await openLayout(join(directory, "more"))).adopt(source);
    await digestFile(source);
    delay.disable();
    const worst = delay.max / 1e6;
    report("longest time the event loop was blocked", `${worst.toFixed(1)} ms`, {
      text: `< ${DELAY_MS_MAX} ms`,
      met: worst < DELAY_MS_MAX,
    });
  });
}
