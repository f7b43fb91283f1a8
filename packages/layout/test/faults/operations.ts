import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  type Digest,
  digestBytes,
  type Layout,
  nodeFs,
  openBlobStore,
  openLayout,
  openRepair,
} from "@store/layout";
import { createContent, createFaultyFs, streamContent } from "@store/layout/testing";

import { damageBlob } from "../damage-blob.ts";
import { createScratch } from "../scratch.ts";
import { writeThroughBuffers } from "../through-buffers.ts";
import { operationsBeside } from "./operations-beside.ts";

/** What the store is asked to do, as the fault tests drive it. */
export interface Operation {
  readonly name: string;
  /** Blobs that must be there before and after, whatever happens. */
  readonly keeps: readonly Uint8Array[];
  /** Blobs that must be there once the operation has succeeded. */
  readonly makes: readonly Uint8Array[];
  /** Whether what it makes has other bytes under its final name to begin with. */
  readonly wrongAtFirst?: boolean;
  /** Puts what the operation starts from on disk, with a sound file system. */
  prepare(layout: Layout): Promise<void>;
  run(layout: Layout): Promise<unknown>;
}

const old = createContent(5_000, 100);
const small = createContent(70_000, 101);
/** A quarter of the ranged blob; no call of the store depends on how long a range is. */
const STEP = 25_000;
const ranged = createContent(4 * STEP, 102);
const foreign = createContent(9_000, 103);

const descriptor = (bytes: Uint8Array): { digest: Digest; size: number } => ({
  digest: digestBytes(bytes),
  size: bytes.length,
});

async function addOld(layout: Layout): Promise<void> {
  await openBlobStore(layout).add(old);
}

async function addOldAndSmall(layout: Layout): Promise<void> {
  await addOld(layout);
  await openBlobStore(layout).add(small);
}

/** Writes a blob the way another tool does: at the final path, without any of our additions. */
export async function writeForeign(
  layout: Layout,
  digest: Digest,
  bytes: Uint8Array,
): Promise<void> {
  const path = layout.paths.blob(digest);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/** Three ranges out of order, as three connections deliver them. */
const THIRDS = [
  { start: 2 * STEP, end: 3 * STEP },
  { start: 0, end: 2 * STEP },
  { start: 3 * STEP, end: 4 * STEP },
];

async function ingestRanged(layout: Layout): Promise<void> {
  await using ingest = await openBlobStore(layout).ingest(descriptor(ranged));
  for (const third of THIRDS) {
    for (const { start, end } of ingest.missing()) {
      const from = Math.max(start, third.start);
      const to = Math.min(end, third.end);
      if (from < to) await ingest.writeAt(from, ranged.slice(from, to));
    }
    await ingest.checkpoint();
  }
  await ingest.commit();
}

/** Whole pages, so that buffers as small as this go past the page cache as well. */
const PIECE_BYTES = 16_384;

/**
 * The same three ranges through buffers, as of a blob whose size is not known: all of those have
 * them. Carried out again, it goes on with what is recorded, in the middle of pages.
 */
async function ingestThroughBuffers(layout: Layout): Promise<void> {
  await using ingest = await openBlobStore(layout).ingest({ digest: digestBytes(ranged) });
  for (const third of THIRDS) {
    for (const gap of ingest.missing()) {
      const start = Math.max(gap.start, third.start);
      const end = Math.min(gap.end, third.end);
      await writeThroughBuffers(ingest, ranged, { start, end, pieceBytes: PIECE_BYTES });
    }
    await ingest.checkpoint();
  }
  await ingest.commit();
}

export const operations: readonly Operation[] = [
  {
    name: "put",
    keeps: [old],
    makes: [small],
    prepare: addOld,
    run: (layout) => openBlobStore(layout).put(descriptor(small), streamContent(small, 30_000)),
  },
  {
    name: "add",
    keeps: [old],
    makes: [small],
    prepare: addOld,
    run: (layout) => openBlobStore(layout).add(small),
  },
  {
    name: "first add of a store",
    keeps: [],
    makes: [small],
    prepare: async () => {},
    run: (layout) => openBlobStore(layout).add(small),
  },
  {
    name: "adopt by copy",
    keeps: [old],
    makes: [small],
    async prepare(layout) {
      await addOld(layout);
      await writeFile(join(layout.paths.root, "..", "given.bin"), small);
    },
    run: (layout) => openBlobStore(layout).adopt(join(layout.paths.root, "..", "given.bin")),
  },
  {
    name: "adopt by link",
    keeps: [old],
    makes: [small],
    async prepare(layout) {
      await addOld(layout);
      await writeFile(join(layout.paths.root, "..", "given.bin"), small);
    },
    run: (layout) =>
      openBlobStore(layout).adopt(join(layout.paths.root, "..", "given.bin"), { mode: "link" }),
  },
  {
    name: "ingest of three ranges",
    keeps: [old],
    makes: [ranged],
    prepare: addOld,
    run: ingestRanged,
  },
  {
    name: "ingest resumed",
    keeps: [old],
    makes: [ranged],
    async prepare(layout) {
      await addOld(layout);
      await using ingest = await openBlobStore(layout).ingest(descriptor(ranged));
      await ingest.writeAt(0, ranged.slice(0, STEP));
      await ingest.checkpoint();
      await ingest.writeAt(3 * STEP, ranged.slice(3 * STEP, 4 * STEP));
    },
    run: ingestRanged,
  },
  {
    name: "ingest through buffers",
    keeps: [old],
    makes: [ranged],
    prepare: addOld,
    run: ingestThroughBuffers,
  },
  {
    name: "put of wrong bytes (quarantine)",
    keeps: [old],
    makes: [],
    prepare: addOld,
    async run(layout) {
      const wrong = small.slice().fill(7, 100, 200);
      await openBlobStore(layout)
        .put(descriptor(small), wrong)
        .then(
          () => {
            throw new Error("wrong bytes were taken");
          },
          (error: unknown) => {
            if ((error as { code?: string }).code !== "ERR_STORE_BLOB_DIGEST_MISMATCH") throw error;
          },
        );
    },
  },
  {
    name: "put over a wrong foreign blob",
    keeps: [old],
    makes: [foreign],
    wrongAtFirst: true,
    async prepare(layout) {
      await addOld(layout);
      await writeForeign(layout, digestBytes(foreign), foreign.slice().fill(1, 5, 6));
    },
    run: (layout) => openBlobStore(layout).put(descriptor(foreign), foreign),
  },
  {
    name: "repair of a damaged blob",
    keeps: [old],
    makes: [ranged],
    wrongAtFirst: true,
    async prepare(layout) {
      await addOld(layout);
      await openBlobStore(layout).add(ranged);
      await damageBlob(layout, digestBytes(ranged), 50_000);
    },
    async run(layout) {
      await using repair = await openRepair(layout, descriptor(ranged));
      for (const { start, end } of repair?.missing() ?? []) {
        await repair?.writeAt(start, ranged.slice(start, end));
      }
      await repair?.commit();
    },
  },
  {
    name: "verification of a foreign blob",
    keeps: [old, foreign],
    makes: [],
    async prepare(layout) {
      await addOld(layout);
      await writeForeign(layout, digestBytes(foreign), foreign);
    },
    run: (layout) => openBlobStore(layout).ensureVerified(digestBytes(foreign)),
  },
  {
    name: "trash and restore",
    keeps: [old],
    makes: [],
    prepare: addOld,
    async run(layout) {
      const trashed = await openBlobStore(layout).trash(digestBytes(old), "sweep");
      await trashed?.restore();
    },
  },
  {
    name: "trash and destroy",
    keeps: [small],
    makes: [],
    prepare: addOldAndSmall,
    async run(layout) {
      const trashed = await openBlobStore(layout).trash(digestBytes(old), "sweep");
      await trashed?.destroy();
    },
  },
  {
    name: "announce, trash and destroy",
    keeps: [small],
    makes: [],
    prepare: addOldAndSmall,
    async run(layout) {
      const blobs = openBlobStore(layout);
      const notice = await blobs.announceTrash([digestBytes(old)]);
      const trashed = await blobs.trash(digestBytes(old), "sweep", notice);
      await trashed?.destroy();
      await notice.withdraw();
    },
  },
  {
    name: "release and retain",
    keeps: [old],
    makes: [],
    prepare: addOld,
    async run(layout) {
      await openBlobStore(layout).release([digestBytes(old)]);
      await openBlobStore(layout).retain([digestBytes(old)]);
    },
  },
  ...operationsBeside,
];

/** The only calls that can be cut in half. */
export const WRITES: RegExp = /^write /;

/** The writes of an operation, counted from 1. */
export async function listWrites(operation: Operation): Promise<readonly number[]> {
  const directory = await createScratch("count");
  try {
    const root = join(directory, "models");
    await operation.prepare(await openLayout(root));
    const fs = createFaultyFs(nodeFs, undefined, WRITES);
    await operation.run(await openLayout(root, { fs }));
    return fs.calls.map((_call, index) => index + 1);
  } finally {
    await rm(directory, { recursive: true });
  }
}
