import { createRandom, pick } from "@store/testing";

// Cuts the power of a disk many times, in a mount namespace of its own, so that nothing of it is
// left however it ends. Prints what it found as one line of JSON.

import { operations } from "../operations.ts";
import { type Company, type Cut, cutOnce, listCalls } from "./cut.ts";
import {
  createDisk,
  createMemory,
  type Disk,
  type FileSystem,
} from "../../../src/testing/power-cut-disk.ts";
import type { SyncMistake } from "./unsynced-fs.ts";

/** What to do, as the one argument. */
export interface DriverTask {
  /** An empty directory to mount things in. They are gone when this process is. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** Operations to cut, all of them by default. */
  readonly only?: readonly string[];
  /** A regular expression of the calls to cut before; all and after the last, if it is not given. */
  readonly before?: string | undefined;
  /** How many cuts; every one there is, if it is not given. */
  readonly cuts?: number;
  /** Ends each operation instead of cutting it, with a mistake made, and stops at the first find. */
  readonly mistake?: SyncMistake;
}

export interface DriverReport {
  readonly cuts: number;
  readonly violations: readonly string[];
}

const COMPANIES: readonly Company[] = ["alone", "stranger", "writeback"];

async function listCuts(disk: Disk, task: DriverTask): Promise<readonly Cut[]> {
  const cuts: Cut[] = [];
  const random = createRandom(`writeback ${task.fileSystem}`);
  const before = new RegExp(task.before ?? "");
  for (const operation of operations) {
    if (task.only !== undefined && !task.only.includes(operation.name)) continue;
    const calls = await listCalls(disk, operation);
    const points = calls.flatMap((call, index) => (before.test(call) ? [index + 1] : []));
    for (const at of task.before === undefined ? [...points, undefined] : points) {
      for (const company of COMPANIES) {
        const writebackAt = 1 + Math.floor(random() * (at ?? calls.length));
        cuts.push({ operation, at, company, writebackAt, mistake: task.mistake });
      }
    }
  }
  // What a mistake loses shows at the end at the latest.
  if (task.mistake !== undefined) return cuts.toReversed();
  return task.cuts === undefined ? cuts : pick(cuts, task.cuts, `cuts ${task.fileSystem}`);
}

async function main(task: DriverTask): Promise<DriverReport> {
  const disk = await createDisk(task.fileSystem, await createMemory(task.directory));
  const violations: string[] = [];
  const cuts = await listCuts(disk, task);
  let done = 0;
  for (const cut of cuts) {
    const where = `${cut.operation.name}, before call ${cut.at ?? "after the last"}, ${cut.company}`;
    for (const violation of await cutOnce(disk, cut)) violations.push(`${where}: ${violation}`);
    done += 1;
    if (task.mistake !== undefined && violations.length > 0) break;
  }
  return { cuts: done, violations };
}

const report = await main(JSON.parse(process.argv[2] ?? "{}") as DriverTask);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
