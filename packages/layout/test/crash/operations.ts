import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  type Digest,
  digestBytes,
  type Ingest,
  isStoreError,
  type Layout,
  openBlobStore,
  openRepair,
} from "@store/layout";
// Not through the package's `testing` entry, which loads a test runner into the process to be killed.
import { createContent, streamContent } from "../../src/testing/content.ts";
import { damageBlob } from "../damage-blob.ts";
import { writeThroughBuffers } from "../through-buffers.ts";
import { publishName, sweep } from "../race/protocol.ts";

/**
 * What an operation has told its caller, which must be true from then on:
 *
 * - `blob <digest>`: the blob is there
 * - `name <name> <digest>`: the name leads to the blob, and the blob is there
 * - `recorded <bytes>`: so many bytes of the transfer need not travel again
 */
export type Acknowledge = (what: string) => void;

/** One write path of the store, as the crash tests drive it. */
export interface CrashOperation {
  readonly name: string;
  /** Blobs that are there all the time. */
  readonly keeps: readonly Uint8Array[];
  /** Blobs that are there once the operation has been carried out to its end. */
  readonly makes: readonly Uint8Array[];
  /** Wrong bytes that must be somewhere all the time (INV-8). */
  readonly evidence: readonly Uint8Array[];
  /** Digests whose final path another tool has filled with something else. */
  readonly wrongAtFirst: readonly Digest[];
  /** Whether another tool takes part, whose files may be written to. */
  readonly foreignModes?: boolean;
  /** Whether calls that can be made at once are, as they are by default. */
  readonly prompt?: boolean;
  /** Puts what the operation starts from on disk. */
  prepare(layout: Layout): Promise<void>;
  /** May be carried out again when it was cut short. */
  run(layout: Layout, acknowledge: Acknowledge): Promise<void>;
}

const old = createContent(5_000, 200);
const small = createContent(70_000, 201);
const doomed = createContent(3_000, 202);
const foreign = createContent(9_000, 203);
const wrong = foreign.slice().fill(1, 100, 200);
/** A whole chunk and a bit, so that the chunk map has two rows. */
export const large: Uint8Array = createContent(4 * 1024 * 1024 + 100, 204);

/** In its second chunk. */
const DAMAGED_AT = 4 * 1024 * 1024 + 50;
const damaged = large.slice();
damaged[DAMAGED_AT] = (large[DAMAGED_AT] ?? 0) ^ 1;

const digestOf = digestBytes;
const descriptorOf = (bytes: Uint8Array): { digest: Digest; size: number } => ({
  digest: digestOf(bytes),
  size: bytes.length,
});

const plain = { keeps: [old], makes: [], evidence: [], wrongAtFirst: [] };

async function addOld(layout: Layout): Promise<void> {
  await openBlobStore(layout).add(old);
}

const givenPath = (layout: Layout): string => join(layout.paths.root, "..", "given.bin");

async function giveFile(layout: Layout): Promise<void> {
  await addOld(layout);
  await writeFile(givenPath(layout), small);
}

/** What a tool leaves that neither checks nor syncs. */
async function putWrongForeign(layout: Layout): Promise<void> {
  await addOld(layout);
  const path = layout.paths.blob(digestOf(foreign));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wrong);
}

async function adopt(
  layout: Layout,
  mode: "copy" | "link",
  acknowledge: Acknowledge,
): Promise<void> {
  const { digest } = await openBlobStore(layout).adopt(givenPath(layout), { mode });
  acknowledge(`blob ${digest}`);
}

/** Three ranges, the last one first, as three connections deliver them. */
const THIRDS = [
  { start: 3_000_000, end: large.length },
  { start: 0, end: 1_500_000 },
  { start: 1_500_000, end: 3_000_000 },
];

async function ingestLarge(layout: Layout, acknowledge: Acknowledge): Promise<void> {
  await using ingest = await openBlobStore(layout).ingest(descriptorOf(large));
  for (const third of THIRDS) {
    for (const gap of ingest.missing()) {
      const start = Math.max(gap.start, third.start);
      const end = Math.min(gap.end, third.end);
      for (let at = start; at < end; at += 500_000)
        await ingest.writeAt(at, large.slice(at, Math.min(end, at + 500_000)));
    }
    await ingest.checkpoint();
    acknowledge(`recorded ${large.length - countMissing(ingest)}`);
  }
  await ingest.commit();
  acknowledge(`blob ${digestOf(large)}`);
}

/** What a buffer is filled with: in each range some pieces are whole and go past the page cache. */
const PIECE_BYTES = 512 * 1024;

/** The same through buffers, as of a blob whose size is not known: all of those have them. */
async function ingestThroughBuffers(layout: Layout, acknowledge: Acknowledge): Promise<void> {
  await using ingest = await openBlobStore(layout).ingest({ digest: digestOf(large) });
  for (const third of THIRDS) {
    for (const gap of ingest.missing()) {
      const start = Math.max(gap.start, third.start);
      const end = Math.min(gap.end, third.end);
      await writeThroughBuffers(ingest, large, { start, end, pieceBytes: PIECE_BYTES });
    }
    await ingest.checkpoint();
    acknowledge(`recorded ${large.length - countMissing(ingest)}`);
  }
  await ingest.commit();
  acknowledge(`blob ${digestOf(large)}`);
}

/** Fetches the damaged chunk in two pieces. */
async function repairLarge(layout: Layout, acknowledge: Acknowledge): Promise<void> {
  await using repair = await openRepair(layout, descriptorOf(large));
  for (const { start, end } of repair?.missing() ?? []) {
    const middle = Math.floor((start + end) / 2);
    await repair?.writeAt(start, large.slice(start, middle));
    await repair?.checkpoint();
    await repair?.writeAt(middle, large.slice(middle, end));
  }
  await repair?.commit();
  acknowledge(`blob ${digestOf(large)}`);
}

/** Bytes of the large blob that an ingest of it lacks. One of unknown size has no end of its own. */
export function countMissing(ingest: Ingest): number {
  return ingest
    .missing()
    .reduce((sum, { start, end }) => sum + Math.min(end, large.length) - start, 0);
}

async function publish(layout: Layout, bytes: Uint8Array, acknowledge: Acknowledge): Promise<void> {
  await publishName(layout, { name: "model", bytes, leased: true });
  acknowledge(`name model ${digestOf(bytes)}`);
}

async function refuseWrong(layout: Layout): Promise<void> {
  try {
    await openBlobStore(layout).put(descriptorOf(foreign), wrong);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_BLOB_DIGEST_MISMATCH")) throw error;
    return;
  }
  throw new Error("wrong bytes were taken");
}

export const operations: readonly CrashOperation[] = [
  {
    ...plain,
    name: "put",
    makes: [small],
    prepare: addOld,
    async run(layout, acknowledge) {
      await openBlobStore(layout).put(descriptorOf(small), streamContent(small, 30_000));
      acknowledge(`blob ${digestOf(small)}`);
    },
  },
  {
    ...plain,
    name: "put without a thread for each step",
    prompt: true,
    makes: [small],
    prepare: addOld,
    async run(layout, acknowledge) {
      await openBlobStore(layout).put(descriptorOf(small), small);
      acknowledge(`blob ${digestOf(small)}`);
    },
  },
  {
    ...plain,
    name: "add to a new store",
    keeps: [],
    makes: [small],
    prepare: async () => {},
    async run(layout, acknowledge) {
      const { digest } = await openBlobStore(layout).add(small);
      acknowledge(`blob ${digest}`);
    },
  },
  {
    ...plain,
    name: "adopt by copy",
    makes: [small],
    prepare: giveFile,
    run: (layout, acknowledge) => adopt(layout, "copy", acknowledge),
  },
  {
    ...plain,
    name: "adopt by link",
    makes: [small],
    prepare: giveFile,
    run: (layout, acknowledge) => adopt(layout, "link", acknowledge),
  },
  {
    ...plain,
    name: "ingest of three ranges",
    makes: [large],
    prepare: addOld,
    run: ingestLarge,
  },
  {
    ...plain,
    name: "ingest resumed",
    makes: [large],
    async prepare(layout) {
      await addOld(layout);
      await using ingest = await openBlobStore(layout).ingest(descriptorOf(large));
      await ingest.writeAt(1_000_000, large.slice(1_000_000, 2_000_000));
    },
    run: ingestLarge,
  },
  {
    ...plain,
    name: "ingest of three ranges through buffers, resumed",
    makes: [large],
    async prepare(layout) {
      await addOld(layout);
      await using ingest = await openBlobStore(layout).ingest({ digest: digestOf(large) });
      const range = { start: 1_000_000, end: 2_000_000, pieceBytes: PIECE_BYTES };
      await writeThroughBuffers(ingest, large, range);
    },
    run: ingestThroughBuffers,
  },
  {
    ...plain,
    name: "repair of a damaged chunk",
    makes: [large],
    evidence: [damaged],
    wrongAtFirst: [digestOf(large)],
    async prepare(layout) {
      await addOld(layout);
      await openBlobStore(layout).add(large);
      await damageBlob(layout, digestOf(large), DAMAGED_AT);
    },
    run: repairLarge,
  },
  {
    ...plain,
    name: "publish",
    makes: [small],
    prepare: addOld,
    run: (layout, acknowledge) => publish(layout, small, acknowledge),
  },
  {
    ...plain,
    name: "publish over an older one",
    keeps: [old, small],
    async prepare(layout) {
      await openBlobStore(layout).add(small);
      await publishName(layout, { name: "model", bytes: old, leased: true });
    },
    run: (layout, acknowledge) => publish(layout, small, acknowledge),
  },
  {
    ...plain,
    name: "quarantine of a foreign file",
    makes: [foreign],
    evidence: [wrong],
    wrongAtFirst: [digestOf(foreign)],
    prepare: putWrongForeign,
    async run(layout, acknowledge) {
      await openBlobStore(layout).put(descriptorOf(foreign), foreign);
      acknowledge(`blob ${digestOf(foreign)}`);
    },
  },
  {
    ...plain,
    name: "quarantine of what a source sent",
    prepare: addOld,
    run: refuseWrong,
  },
  {
    ...plain,
    name: "trash and restore",
    prepare: addOld,
    async run(layout, acknowledge) {
      const blobs = openBlobStore(layout);
      await (await blobs.trash(digestOf(old), "sweep"))?.restore();
      for await (const left of blobs.listTrash()) await left.restore();
      acknowledge(`blob ${digestOf(old)}`);
    },
  },
  {
    ...plain,
    name: "trash and destroy",
    async prepare(layout) {
      await addOld(layout);
      await openBlobStore(layout).add(doomed);
    },
    async run(layout) {
      const blobs = openBlobStore(layout);
      await (await blobs.trash(digestOf(doomed), "sweep"))?.destroy();
      for await (const left of blobs.listTrash()) await left.destroy();
    },
  },
  {
    ...plain,
    name: "sweep of a named and an unnamed blob",
    async prepare(layout) {
      await publishName(layout, { name: "model", bytes: old, leased: true });
      await openBlobStore(layout).add(doomed);
    },
    async run(layout, acknowledge) {
      await sweep(layout, { candidates: [digestOf(old), digestOf(doomed)], leftovers: true });
      acknowledge(`name model ${digestOf(old)}`);
    },
  },
];

export function findOperation(name: string): CrashOperation {
  const found = operations.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
}
