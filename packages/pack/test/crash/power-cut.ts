// Cuts the power of a disk at calls of an operation, in a mount namespace of its own, so that no
// mount outlives it. Prints what it found as one line of JSON.

import { rm } from "node:fs/promises";
import { join } from "node:path";

import { type FsPort, nodeFs, openLayout } from "@store/layout";
import {
  createDisk,
  createFaultyFs,
  createMemory,
  type Disk,
  type FileSystem,
} from "@store/layout/testing";
import { pick } from "@store/testing";

import { judge, readOn } from "./check-store.ts";
import { type CrashOperation, operations } from "./operations.ts";

/** What to do, as the one argument. */
export interface CutTask {
  /** An empty directory to mount things in. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** Names of the operations to cut, all of them by default. */
  readonly only?: readonly string[];
  /** How many cuts per operation, besides one at its end; every one there is, if it is not given. */
  readonly cuts?: number | undefined;
  /** Plants the mistake that files are not synced, which must be found. */
  readonly unsynced?: boolean;
}

export interface CutReport {
  /** How many cuts there were in the work itself or at its end, by operation. */
  readonly cuts: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

/** Calls that change the disk or make it durable: a cut before another is one before the next. */
const MATTERS =
  /^(open-create|mkdir|rmdir|link|rename|unlink|write|truncate|f?chmod|copyFile|fsync|fdatasync|fsync-directory) /;

async function withStore<T>(
  disk: Disk,
  operation: CrashOperation,
  body: (root: string) => Promise<T>,
): Promise<T> {
  const root = join(disk.path, "store");
  try {
    await operation.prepare(await openLayout(root));
    return await body(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The calls to cut before: of those that matter, counted from 1. */
async function listCuts(disk: Disk, operation: CrashOperation): Promise<readonly number[]> {
  return withStore(disk, operation, async (root) => {
    const fs = createFaultyFs(nodeFs, undefined, MATTERS);
    await operation.run(await openLayout(root, { fs }));
    return fs.calls.map((_, index) => index + 1);
  });
}

interface CutOutcome {
  /** Whether the work had come to the call: the readers beside it change what others it makes. */
  readonly met: boolean;
  readonly violations: readonly string[];
}

/** Cuts the power before a call, after the last one if it is undefined. */
async function cutOnce(
  disk: Disk,
  operation: CrashOperation,
  at: number | undefined,
  unsynced: boolean,
): Promise<CutOutcome> {
  return withStore(disk, operation, async (root) => {
    await disk.settle();
    const fault = at === undefined ? undefined : ({ kind: "stop", at } as const);
    const fs = createFaultyFs(nodeFs, fault, MATTERS);
    const done = new AbortController();
    const reading = readOn(await openLayout(root), done.signal);
    try {
      await operation.run(await openLayout(root, { fs: unsynced ? withoutFileSyncs(fs) : fs }));
    } catch (error) {
      // Ended by the stop, or by what it left open.
      if (!fs.struck) throw error;
    } finally {
      done.abort();
    }
    const { missed } = await reading;
    await disk.cutPower();
    const found = await judge(await openLayout(root), operation).catch((error: unknown) => [
      String(error),
    ]);
    const where = `${operation.name}, cut before ${fs.calls[(at ?? 0) - 1] ?? "nothing"}`;
    return {
      met: at === undefined || fs.struck,
      violations: [...missed, ...found].map((one) => `${where}: ${one}`),
    };
  });
}

function withoutFileSyncs(fs: FsPort): FsPort {
  return {
    ...fs,
    open: async (...args) => ({ ...(await fs.open(...args)), sync: async () => {} }),
  };
}

async function main(task: CutTask): Promise<CutReport> {
  const { directory, fileSystem, only, cuts, unsynced = false } = task;
  const disk = await createDisk(fileSystem, await createMemory(directory));
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  for (const operation of operations) {
    if (only !== undefined && !only.includes(operation.name)) continue;
    const all = await listCuts(disk, operation);
    const some = cuts === undefined ? all : pick(all, cuts, operation.name);
    for (const at of [...some, undefined]) {
      const outcome = await cutOnce(disk, operation, at, unsynced);
      violations.push(...outcome.violations);
      if (outcome.met) counts[operation.name] = (counts[operation.name] ?? 0) + 1;
    }
  }
  return { cuts: counts, violations };
}

const report = await main(JSON.parse(process.argv[2] ?? "{}") as CutTask);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
