import {
  type AbortOptions,
  type BlobStore,
  createId,
  type Digest,
  digestBytes,
  isStoreError,
  keepOrigins,
  type Layout,
  openBlobStore,
  type ProgressOptions,
} from "@store/layout";

import { createPackWriter } from "../chkl/create-pack-writer.ts";
import { packDirectoryOf } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { FinishedPack, PackWriter } from "../chkl/pack-writer.ts";
import { openPackSet } from "../set/open-pack-set.ts";
import type { PackSet } from "../set/pack-set.ts";
import { isWhole } from "../trash/trash-pack.ts";
import type { PackBlobsEvent, PackBlobsReport, Stay, StayReason } from "./pack-blobs-report.ts";
import { readBack } from "./read-back.ts";

export interface PackBlobsOptions extends AbortOptions, ProgressOptions<PackBlobsEvent> {
  /** Largest blob to move, in bytes; 4 MiB by default, and at most. */
  readonly entryBytesMax?: number | undefined;
  /** A pack that has reached this many bytes is finished; 64 MiB by default. */
  readonly packBytesMax?: number | undefined;
}

/** Larger blobs serve better loose, where they can be mapped and linked. */
const ENTRY_BYTES_MAX = 4 * 1024 * 1024;

/** Small enough to be rewritten when half of it is dead, large enough that packs stay few. */
const PACK_BYTES_MAX = 64 * 1024 * 1024;

/** Bounds what is held of a pack being written, and how long its index takes to sort. */
const PACK_COUNT_MAX = 65_536;

/**
 * Moves blobs from loose files into packs, in the order given.
 *
 * A blob is readable at every instant: its pack is durable, visible, opened again and the blob read
 * out of it before the loose file is touched. That file then goes through D1 (a trash name), a look
 * whether the pack still exists, and D4; anything else gives it its name back. A blob that a pack
 * holds already is not written again.
 *
 * @throws StoreError where the store cannot be written; what was moved until then stays moved
 */
export async function packBlobs(
  layout: Layout,
  digests: Iterable<Digest> | AsyncIterable<Digest>,
  options: PackBlobsOptions = {},
): Promise<PackBlobsReport> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const { signal } = options;
  await using packs = await openPackSet(layout, { signal });
  const move = createMove(layout, packs, options);
  const seen = new Set<Digest>();
  try {
    for await (const digest of digests) {
      signal?.throwIfAborted();
      if (seen.has(digest)) continue;
      seen.add(digest);
      await move.take(digest);
    }
    await move.finishPack();
  } finally {
    await move.abandon();
  }
  return move.report();
}

/** The moving of one run: a pack being filled, and blobs that wait for it. */
interface Move {
  take(digest: Digest): Promise<void>;
  finishPack(): Promise<void>;
  abandon(): Promise<void>;
  report(): PackBlobsReport;
}

function createMove(layout: Layout, packs: PackSet, options: PackBlobsOptions): Move {
  const { signal, onProgress } = options;
  const entryBytesMax = Math.min(options.entryBytesMax ?? ENTRY_BYTES_MAX, ENTRY_BYTES_MAX);
  const packBytesMax = options.packBytesMax ?? PACK_BYTES_MAX;
  const blobs = openBlobStore(layout);
  const sweep = createId();
  const written: FinishedPack[] = [];
  const moved: Digest[] = [];
  const stayed: Stay[] = [];
  let looseBytes = 0;
  let writer: PackWriter | undefined;
  let waiting: Digest[] = [];

  async function finishPack(): Promise<void> {
    if (writer === undefined) return;
    const pack = await writer.finish({ signal });
    written.push(pack);
    const going = waiting;
    [writer, waiting] = [undefined, []];
    const { proven, damage } = await readBack(layout, pack.id, going, { signal });
    // Not even the pack just written can be read: this disk is not one to delete from.
    if (damage !== undefined) throw damage;
    await keepOrigins(layout, going);
    for (const digest of going) if (proven.has(digest)) await dropLoose(digest, pack.id);
  }

  /** INV-4: the copy that stays is the pack's, looked for after D1. */
  async function dropLoose(digest: Digest, id: PackId): Promise<void> {
    const trashed = await blobs.trash(digest, sweep);
    if (trashed === undefined) {
      stayed.push({ digest, why: "absent" });
      return;
    }
    let held = false;
    try {
      held = await isWhole(packDirectoryOf(layout), id);
    } finally {
      if (!held) await trashed.restore();
    }
    if (!held) {
      stayed.push({ digest, why: "needed" });
      return;
    }
    await trashed.destroy();
    moved.push(digest);
    looseBytes += trashed.size;
    onProgress?.({ kind: "moved", digest, size: trashed.size });
  }

  return {
    async take(digest) {
      const found = await readLoose(blobs, digest, entryBytesMax, { signal });
      if (typeof found === "string") {
        stayed.push({ digest, why: found });
        return;
      }
      onProgress?.({ kind: "read", digest, size: found.length });
      const holder = await findHolder(layout, packs, digest, { signal });
      if (holder !== undefined) {
        await keepOrigins(layout, [digest]);
        await dropLoose(digest, holder);
        return;
      }
      writer ??= createPackWriter(layout, { entryBytesMax });
      const { status } = await writer.add(found);
      if (status === "collision") stayed.push({ digest, why: "collision" });
      else waiting.push(digest);
      if (writer.size >= packBytesMax || writer.count >= PACK_COUNT_MAX) await finishPack();
    },
    finishPack,
    async abandon() {
      await writer?.abort();
    },
    report: () => ({ packs: written, moved, stayed, looseBytes }),
  };
}

/** The right bytes of a loose blob, or why it stays. */
async function readLoose(
  blobs: BlobStore,
  digest: Digest,
  sizeMax: number,
  options: AbortOptions,
): Promise<Uint8Array | StayReason> {
  try {
    const info = await blobs.stat(digest, options);
    if (info === undefined) return "absent";
    if (info.released) return "released";
    if (info.size > sizeMax) return "too-large";
    const bytes = new Uint8Array(info.size);
    let at = 0;
    for await (const chunk of blobs.read(digest, { ...options, end: info.size + 1 })) {
      // Longer than it was a moment ago: whatever that is, it is no blob.
      if (at + chunk.length > bytes.length) return "damaged";
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return at === bytes.length && digestBytes(bytes) === digest ? bytes : "damaged";
  } catch (error) {
    if (!isStoreError(error)) throw error;
    if (error.kind === "corrupt") return "damaged";
    if (error.kind === "not-found") return "absent";
    throw error;
  }
}

/** A pack that holds a blob already and can give it. */
async function findHolder(
  layout: Layout,
  packs: PackSet,
  digest: Digest,
  options: AbortOptions,
): Promise<PackId | undefined> {
  for (const { id, findDigest } of packs.packs()) {
    if (findDigest(digest) === undefined) continue;
    const { proven } = await readBack(layout, id, [digest], options);
    if (proven.has(digest)) return id;
  }
  return undefined;
}
