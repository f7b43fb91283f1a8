import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";

import { type FsPort, nodeFs, openLayout } from "@store/layout";

import { createFaultyFs, FsStopped } from "../../../src/testing/faulty-fs.ts";
import { createSimulatedMachine } from "../../faults/simulated-processes.ts";
import { interceptFs } from "../../intercept-fs.ts";
import {
  findBrokenPromises,
  findUnlistedTrash,
  findUnrepaired,
  findViolations,
} from "../check-store.ts";
import type { CrashOperation } from "../operations.ts";
import type { Disk } from "../../../src/testing/power-cut-disk.ts";
import { createUnsyncedFs, type SyncMistake } from "./unsynced-fs.ts";

/** What the rest of the machine does to the disk before the power goes. */
export type Company =
  /** Nothing. */
  | "alone"
  /** Another program syncs a file of its own, which writes the journal of the file system. */
  | "stranger"
  /** The kernel writes everything back at some earlier call. */
  | "writeback";

export interface Cut {
  readonly operation: CrashOperation;
  /** The power goes before this call that matters, counted from 1; after the last one if undefined. */
  readonly at: number | undefined;
  readonly company: Company;
  /** The call before which `writeback` happens. */
  readonly writebackAt?: number | undefined;
  readonly mistake?: SyncMistake | undefined;
}

/** Calls that change the disk or make it durable. A cut before any other is one before the next of these. */
const MATTERS =
  /^(open-create|mkdir|rmdir|link|rename|unlink|write|truncate|f?chmod|copyFile|fsync|fdatasync|fsync-directory) /;

/** The calls of an operation before which a cut makes a difference. */
export async function listCalls(disk: Disk, operation: CrashOperation): Promise<readonly string[]> {
  return withStore(disk, operation, async (root) => {
    const fs = createFaultyFs(nodeFs, undefined, MATTERS);
    await operation.run(await openLayout(root, { fs }), () => {});
    return fs.calls;
  });
}

/** Cuts the power once and says what is wrong with what is left. */
export async function cutOnce(disk: Disk, cut: Cut): Promise<readonly string[]> {
  const { operation, at } = cut;
  return withStore(disk, operation, async (root) => {
    await disk.settle();
    const machine = createSimulatedMachine();
    const worker = machine.start();
    const fault = at === undefined ? undefined : ({ kind: "stop", at } as const);
    const faulty = createFaultyFs(withWriteback(disk, cut), fault, MATTERS);
    const fs = cut.mistake === undefined ? faulty : createUnsyncedFs(faulty, cut.mistake);
    const acknowledged: string[] = [];
    try {
      const layout = await openLayout(root, { fs, processes: worker.processes });
      await operation.run(layout, (what) => void acknowledged.push(what));
    } catch (error) {
      if (!isStop(error)) throw error;
    }
    // What only tidies up may end without a word of it. Where syncs are left out there are fewer calls.
    if (at !== undefined && !faulty.struck && cut.mistake === undefined)
      throw new Error(`there was no call ${at}`);
    machine.reboot();
    if (cut.company === "stranger") await syncSomething(disk);
    await disk.cutPower();

    const layout = await openLayout(root, { processes: machine.start().processes });
    const unlisted = (await findUnlistedTrash(layout)).map((path) => `no sweep finds ${path}`);
    const violations = [...(await findViolations(root, operation)), ...unlisted];
    const broken = await findBrokenPromises(layout, operation, acknowledged).catch(
      (error: unknown) => [`cannot be read again: ${String(error)}`],
    );
    if (cut.mistake !== undefined) return [...violations, ...broken];
    return [...violations, ...broken, ...(await findUnrepaired(layout, operation))];
  });
}

let stores = 0;

async function withStore<T>(
  disk: Disk,
  operation: CrashOperation,
  body: (root: string) => Promise<T>,
): Promise<T> {
  stores += 1;
  const directory = join(disk.path, `store-${stores}`);
  await mkdir(directory);
  const root = join(directory, "models");
  try {
    await operation.prepare(await openLayout(root));
    return await body(root);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Counts on its own, because it lies below the port that stops. */
function withWriteback(disk: Disk, { company, writebackAt }: Cut): FsPort {
  if (company !== "writeback" || writebackAt === undefined) return nodeFs;
  let count = 0;
  return interceptFs(nodeFs, async (operation) => {
    if (/read|stat|close/.test(operation)) return;
    count += 1;
    if (count === writebackAt) await disk.settle();
  });
}

async function syncSomething(disk: Disk): Promise<void> {
  const file = await open(join(disk.path, "stranger"), "w");
  await file.write("something else");
  await file.sync();
  await file.close();
}

function isStop(error: unknown): boolean {
  if (error instanceof FsStopped) return true;
  if (error instanceof SuppressedError) return isStop(error.error) || isStop(error.suppressed);
  return error instanceof Error && error.cause !== undefined && isStop(error.cause);
}
