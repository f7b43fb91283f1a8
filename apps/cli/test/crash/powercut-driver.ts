// Cuts the power of a disk many times while a sweep runs, in a mount namespace of its own, so that
// nothing of it is left however it ends. Prints what it found as one line of JSON.

import { cp, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";

import { nodeFs } from "@store/layout";
import {
  createDisk,
  createFaultyFs,
  createMemory,
  type Disk,
  type FileSystem,
  FsStopped,
} from "@store/layout/testing";
import { pick } from "@store/testing";

import { findLosses, findUnfinished, sweepStore } from "./sweep-store.ts";

/** What to do, as the one argument. */
export interface DriverTask {
  /** An empty directory to mount things in. They are gone when this process is. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** A home directory with a store that a sweep has something to do in. */
  readonly original: string;
  /** How many cuts; every one there is, if it is not given. */
  readonly cuts?: number | undefined;
}

export interface DriverReport {
  readonly cuts: number;
  readonly violations: readonly string[];
}

/** Calls that change the disk or make it durable. A cut before any other is one before the next of these. */
const MATTERS =
  /^(open-create|mkdir|rmdir|link|rename|unlink|write|truncate|f?chmod|copyFile|fsync|fdatasync|fsync-directory) /;

async function withStore<T>(
  disk: Disk,
  task: DriverTask,
  body: (home: string, root: string) => Promise<T>,
): Promise<T> {
  const home = join(disk.path, "home");
  await mkdir(home);
  try {
    await cp(join(task.original, "models"), join(home, "models"), {
      recursive: true,
      preserveTimestamps: true,
    });
    await disk.settle();
    return await body(home, join(home, "models"));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Cut {
  /** The power goes before this call of the sweep; after the last one if undefined. */
  readonly at: number | undefined;
  /** Whether another program syncs a file first, which writes the journal of the file system. */
  readonly withStranger: boolean;
}

async function listCuts(disk: Disk, task: DriverTask): Promise<readonly Cut[]> {
  const calls = await withStore(disk, task, async (_home, root) => {
    const fs = createFaultyFs(nodeFs);
    await sweepStore(root, { fs });
    return fs.calls.flatMap((call, index) => (MATTERS.test(call) ? [index + 1] : []));
  });
  const cuts = [...calls, undefined].flatMap((at): readonly Cut[] => [
    { at, withStranger: false },
    { at, withStranger: true },
  ]);
  return task.cuts === undefined ? cuts : pick(cuts, task.cuts, task.fileSystem);
}

async function cutOnce(disk: Disk, task: DriverTask, cut: Cut): Promise<readonly string[]> {
  return withStore(disk, task, async (home, root) => {
    const { at } = cut;
    const fs = createFaultyFs(nodeFs, at === undefined ? undefined : { kind: "stop", at });
    try {
      await sweepStore(root, { fs });
    } catch (error) {
      if (!fs.struck && !(error instanceof FsStopped)) throw error;
    }
    if (cut.withStranger) await syncSomething(disk);
    await disk.cutPower();
    const losses = await findLosses(root).catch((error: unknown) => [
      `cannot be read again: ${String(error)}`,
    ]);
    return [...losses, ...(await findUnfinished(home, { rebooted: true }))];
  });
}

async function syncSomething(disk: Disk): Promise<void> {
  const file = await open(join(disk.path, "stranger"), "w");
  await file.write("something else");
  await file.sync();
  await file.close();
}

async function main(task: DriverTask): Promise<DriverReport> {
  const disk = await createDisk(task.fileSystem, await createMemory(task.directory));
  const violations: string[] = [];
  const cuts = await listCuts(disk, task);
  for (const cut of cuts) {
    const where = `before call ${cut.at ?? "after the last"}${cut.withStranger ? ", synced" : ""}`;
    for (const violation of await cutOnce(disk, task, cut))
      violations.push(`${where}: ${violation}`);
  }
  return { cuts: cuts.length, violations };
}

const report = await main(JSON.parse(process.argv[2] ?? "{}") as DriverTask);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
