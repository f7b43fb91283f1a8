// One of several processes that use a store at once. It does one thing after another, chosen by a
// seed, and writes down what it was told, until its input ends or something ends it.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import {
  digestBytes,
  isStoreError,
  type Layout,
  openBlobStore,
  openLayout,
  openLeaseStore,
  withNameLock,
  withSweepLock,
} from "@store/layout";
import { createRandom } from "@store/testing";
import { writeLog } from "@store/testing/crowd";

import { collectContent } from "../../../src/testing/content.ts";
import {
  type Mutations,
  publishForeign,
  publishName,
  readName,
  removeName,
  sweep,
} from "../protocol.ts";
import { contentOf, contents, digests } from "./contents.ts";

export interface WorkerTask {
  readonly root: string;
  readonly log: string;
  /** A directory of its own, outside the store. */
  readonly directory: string;
  readonly seed: string;
  /** Names that nobody else changes. */
  readonly names: readonly string[];
  /** Whether it takes the locks that save duplicate work. */
  readonly locks: boolean;
  /** Mistakes in the order of steps, to show that they are found. */
  readonly mutations?: Mutations;
}

const task = JSON.parse(process.argv[2] ?? "{}") as WorkerTask;
const random = createRandom(task.seed);
const choose = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const layout = await openLayout(task.root);
const blobs = openBlobStore(layout);

/** Refusals that may come of others' work; each leaves things as they were. */
const EXPECTED = ["ERR_STORE_INGEST_LOST", "ERR_STORE_SWEEP_LOCKED"] as const;

async function withLock(name: string, body: () => Promise<void>): Promise<void> {
  if (task.locks) await withNameLock(layout, name, body, { waitMs: 500 });
  else await body();
}

/** Brings the blob in one of the ways there are, then gives it a name. */
async function publish(bring: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const name = choose(task.names);
  const bytes = choose(contents);
  const digest = digestBytes(bytes);
  await withLock(name, async () => {
    writeLog(task.log, { kind: "begin", name, value: digest });
    try {
      await bring(bytes);
      await publishName(layout, { name, bytes, leased: true });
      writeLog(task.log, { kind: "done", name, value: digest });
    } catch (error) {
      const code = EXPECTED.find((one) => isStoreError(error, one));
      if (code === undefined) throw error;
      writeLog(task.log, { kind: "refused", name, code });
    }
  });
}

async function adopt(bytes: Uint8Array): Promise<void> {
  const path = join(task.directory, "given.bin");
  await rm(path, { force: true });
  await writeFile(path, bytes);
  await blobs.adopt(path, { mode: choose(["copy", "link"]) });
}

/** Three ranges in any order; now and then it is given up for somebody else to continue. */
async function transfer(bytes: Uint8Array): Promise<void> {
  await using ingest = await blobs.ingest({ digest: digestBytes(bytes), size: bytes.length });
  const third = Math.ceil(bytes.length / 3);
  for (const at of [0, third, 2 * third].toSorted(() => random() - 0.5)) {
    await ingest.writeAt(at, bytes.slice(at, at + third));
    if (random() < 0.5) await ingest.checkpoint();
    if (random() < 0.1) return;
  }
  await ingest.commit();
}

async function unname(): Promise<void> {
  const name = choose(task.names);
  await withLock(name, async () => {
    writeLog(task.log, { kind: "begin", name, value: "" });
    if ((await readName(layout, name)) !== undefined) await removeName(layout, name);
    writeLog(task.log, { kind: "done", name, value: "" });
  });
}

/** Sweeps some blobs whether or not they are needed: the look at the needs is what must save them. */
async function sweepSome(): Promise<void> {
  const candidates = digests.filter(() => random() < 0.5);
  const run = (): Promise<void> =>
    sweep(layout, { candidates, leftovers: random() < 0.5, mutations: task.mutations ?? {} });
  try {
    await (task.locks ? withSweepLock(layout, run) : run());
  } catch (error) {
    if (!EXPECTED.some((code) => isStoreError(error, code))) throw error;
  }
}

async function removeDeadLeases(): Promise<void> {
  const leases = openLeaseStore(layout);
  for await (const { id, live } of leases.list()) if (!live) await leases.removeExpired(id);
}

async function refuseWrong(): Promise<void> {
  const bytes = choose(contents);
  const wrong = bytes.slice().fill(7, 0, 50);
  try {
    await blobs.put({ digest: digestBytes(bytes), size: bytes.length }, wrong);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_BLOB_DIGEST_MISMATCH")) throw error;
  }
}

async function look(name: string = choose(task.names)): Promise<void> {
  const digest = await readName(layout, name);
  const bytes = digest === undefined ? "right" : await judge(layout, digest);
  writeLog(task.log, { kind: "saw", name, value: digest ?? "", bytes });
}

async function judge(
  from: Layout,
  digest: Parameters<typeof blobs.read>[0],
): Promise<"right" | "wrong" | "absent"> {
  try {
    const read = await collectContent(openBlobStore(from).read(digest));
    return Buffer.from(contentOf(digest) ?? []).equals(read) ? "right" : "wrong";
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_BLOB_NOT_FOUND")) return "absent";
    throw error;
  }
}

/** What it does, as often as it is listed. */
const deeds: readonly (readonly [string, () => Promise<void>])[] = [
  ["publish", () => publish(async () => {})],
  ["publish", () => publish(async () => {})],
  ["adopt", () => publish(adopt)],
  ["transfer", () => publish(transfer)],
  ["transfer", () => publish(transfer)],
  ["unname", unname],
  ["sweep", sweepSome],
  ["sweep", sweepSome],
  ["remove leases", removeDeadLeases],
  ["refuse", refuseWrong],
  ["look", () => look()],
  ["look", () => look()],
  ["foreign", () => publishForeign(layout, "foreign", choose(contents)).catch(ignoreAbsence)],
];

/** A sweep may take the directory another tool has just made; the design guarantees it nothing. */
function ignoreAbsence(error: unknown): void {
  if ((error as { code?: string }).code !== "ENOENT") throw error;
}

const input = { ended: false };
process.stdin.on("end", () => (input.ended = true)).resume();
// Whatever an earlier life of this worker left undone is decided by now.
for (const name of task.names) await look(name);
while (!input.ended) {
  const [what, deed] = choose(deeds);
  try {
    await deed();
    writeLog(task.log, { kind: "note", what });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeLog(task.log, { kind: "failed", what, message });
  }
}
process.exit(0);
