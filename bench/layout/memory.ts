import { monitorEventLoopDelay } from "node:perf_hooks";
import { join } from "node:path";

import { digestFile, openBlobStore, openLayout, verifyBlobs } from "@store/layout";

import { buildPackage } from "../harness/build-package.ts";
import { report } from "../harness/compare.ts";
import { peakMib } from "../harness/peak-memory.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";

const MIB = 1024 * 1024;
const MEMORY_MIB_MAX = 80;
const DELAY_MS_MAX = 50;

/** What moving and hashing large blobs costs in memory, and how long it keeps others waiting. */
export function benchMemory(): Promise<void> {
  return withScratch(async (directory) => {
    const root = join(directory, "models");
    const sources = SOURCES.map((name) => join(directory, name));
    for (const source of sources) await writeRandomFile(source, LARGE_BYTES / SOURCES.length);
    if (process.platform === "linux") await benchPeaks(root, sources);
    else report("memory", "skipped: peaks are read from Linux's /proc");
    await benchEventLoop(root, sources);
  });
}

/** As many as are checked at once at most. */
const SOURCES = ["one", "two", "three", "four"];

async function benchPeaks(root: string, sources: readonly string[]): Promise<void> {
  await buildPackage("layout");
  const empty = await peakMib("");
  const peak = async (title: string, program: string): Promise<void> => {
    const full = await peakMib(`
      const { openLayout, openBlobStore, verifyBlobs } = await import("@store/layout");
      const layout = await openLayout(${JSON.stringify(root)});
      ${program}
    `);
    report(`memory above an empty process: ${title}`, `${(full - empty).toFixed(0)} MiB`, {
      text: `< ${MEMORY_MIB_MAX} MiB`,
      met: full - empty < MEMORY_MIB_MAX,
    });
  };
  const mib = Math.round(LARGE_BYTES / MIB / SOURCES.length);
  await peak(
    `${SOURCES.length} adds by copy of ${mib} MiB, one after the other`,
    `for (const source of ${JSON.stringify(sources)}) await openBlobStore(layout).adopt(source);`,
  );
  for (const concurrency of [1, 2, SOURCES.length]) {
    for (const mode of ["full", "fast"]) {
      const options = JSON.stringify({ concurrency, mode });
      await peak(
        `${mode} verify of ${mib} MiB each, ${concurrency} at once`,
        `for await (const finding of verifyBlobs(layout, ${options})) throw new Error(finding.message);`,
      );
    }
  }
}

async function benchEventLoop(root: string, sources: readonly string[]): Promise<void> {
  const layout = await openLayout(`${root}-more`);
  const [first = ""] = sources;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (const source of sources) await openBlobStore(layout).adopt(source);
  await digestFile(first);
  for (const mode of ["full", "fast"] as const)
    for await (const finding of verifyBlobs(layout, { mode })) throw new Error(finding.message);
  delay.disable();
  const worst = delay.max / 1e6;
  report(
    "longest time the event loop was blocked, adding and verifying",
    `${worst.toFixed(1)} ms`,
    {
      text: `< ${DELAY_MS_MAX} ms`,
      met: worst < DELAY_MS_MAX,
    },
  );
}
