// Cuts the power of a disk at calls of an operation, in a mount namespace of its own, so that no
// mount outlives it. Prints what it found as one line of JSON.

import { execFile } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { nodeFs, openLayout } from "@store/layout";
import { createFaultyFs } from "@store/layout/testing";

import { sampleOf } from "../support/full.ts";
import { judge } from "./check-store.ts";
import { operations } from "./operations.ts";

/** What to do, as the one argument. */
export interface CutTask {
  /** An empty directory to mount things in. */
  readonly directory: string;
  readonly fileSystem: "ext4" | "xfs";
  /** How many cuts per operation. */
  readonly cuts: number;
  /** Plants the mistake that files are not synced, which must be found. */
  readonly unsynced?: boolean;
}

export interface CutReport {
  readonly cuts: number;
  readonly violations: readonly string[];
}

/** Calls that change the disk or make it durable: a cut before another is one before the next. */
const MATTERS =
  /^(open-create|mkdir|rmdir|link|rename|unlink|write|truncate|f?chmod|fsync|fdatasync|fsync-directory) /;

/** xfs accepts no smaller one; sparse, so it costs what is used. */
const DISK_BYTES = 320 * 1024 * 1024;

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
async function run(program: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, [...args], { env: { ...process.env, PATH } });
}

async function main(task: CutTask): Promise<CutReport> {
  const memory = join(task.directory, "memory");
  await mkdir(memory);
  await run("mount", "-t", "tmpfs", "-o", "size=1g", "store-pack-cut", memory);
  const [image, disk] = [join(memory, "disk.img"), join(memory, "disk")];
  await mkdir(disk);
  const file = await open(image, "w");
  await file.truncate(DISK_BYTES);
  await file.close();
  if (task.fileSystem === "ext4") await run("mkfs.ext4", "-q", "-F", image);
  else await run("mkfs.xfs", "-q", "-f", image);
  await run("mount", "-o", "loop", image, disk);

  const violations: string[] = [];
  let cuts = 0;
  for (const operation of operations) {
    const root = (): string => join(disk, `store-${cuts}`);
    const counting = createFaultyFs(nodeFs);
    await operation.prepare(await openLayout(root()));
    await operation.run(await openLayout(root(), { fs: counting }));
    const calls = counting.calls.flatMap((call, at) => (MATTERS.test(call) ? [at + 1] : []));
    await rm(root(), { recursive: true });
    for (const at of [...sampleOf(calls, task.cuts, task.cuts), undefined]) {
      cuts += 1;
      await operation.prepare(await openLayout(root()));
      await run("sync", "-f", disk);
      const fs = createFaultyFs(nodeFs, at === undefined ? undefined : { kind: "stop", at });
      const chosen = task.unsynced === true ? withoutFileSyncs(fs) : fs;
      try {
        await operation.run(await openLayout(root(), { fs: chosen }));
      } catch (error) {
        // Ended by the stop, or by what it left open.
        if (!fs.struck) throw error;
      }
      await run("xfs_io", "-x", "-c", "shutdown", disk);
      await run("umount", disk);
      await run("mount", "-o", "loop", image, disk);
      const where = `${operation.name}, cut before ${fs.calls[(at ?? 0) - 1] ?? "nothing"}`;
      const found = await judge(await openLayout(root()), operation).catch((error: unknown) => [
        String(error),
      ]);
      violations.push(...found.map((one) => `${where}: ${one}`));
      await rm(root(), { recursive: true });
    }
  }
  return { cuts, violations };
}

function withoutFileSyncs(fs: typeof nodeFs): typeof nodeFs {
  return {
    ...fs,
    open: async (...args) => ({ ...(await fs.open(...args)), sync: async () => {} }),
  };
}

const report = await main(JSON.parse(process.argv[2] ?? "{}") as CutTask);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
