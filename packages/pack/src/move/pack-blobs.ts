import {
  type AbortOptions,
  createId,
  type Digest,
  keepOrigins,
  type Layout,
  openBlobStore,
  type ProgressOptions,
  type TrashNotice,
} from "@store/layout";

import { createPackWriter } from "../chkl/create-pack-writer.ts";
import { packDirectoryOf } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { FinishedPack, PackWriter } from "../chkl/pack-writer.ts";
import { openPackSet } from "../set/open-pack-set.ts";
import type { PackSet } from "../set/pack-set.ts";
import { isWhole } from "../trash/trash-pack.ts";
import type { PackBlobsEvent, PackBlobsReport, Stay } from "./pack-blobs-report.ts";
import { readBack } from "./read-back.ts";
import { readLoose } from "./read-loose.ts";

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

/** Blobs that packs hold already are dealt with together: each time a pack is opened anew. */
const HELD_COUNT_MAX = 65_536;

/**
 * Moves blobs from loose files into packs, in the order given.
 *
 * A blob is readable at every instant: its pack is durable, visible, opened again and the blob read
 * out of it before the loose file is touched. That file then goes through D1 (a trash name), a look
 * whether the pack still exists, and D4; anything else gives it its name back. A blob that a pack
 * holds already is written again only if that pack cannot give it.
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
    await move.finish();
  } finally {
    await move.abandon();
  }
  return move.report();
}

/** The moving of one run: a pack being filled, and blobs that wait for it or for packs that are there. */
interface Move {
  take(digest: Digest): Promise<void>;
  finish(): Promise<void>;
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
  /** What goes into the pack being written. */
  let waiting: Digest[] = [];
  /** What packs hold already. */
  let held = new Map<PackId, Digest[]>();
  let heldCount = 0;

  async function read(digest: Digest): Promise<Uint8Array | undefined> {
    const found = await readLoose(blobs, digest, entryBytesMax, { signal });
    if (typeof found !== "string") return found;
    stayed.push({ digest, why: found });
    return undefined;
  }

  async function add(digest: Digest, content: Uint8Array): Promise<void> {
    writer ??= createPackWriter(layout, { entryBytesMax });
    const { status } = await writer.add(content);
    if (status === "collision") stayed.push({ digest, why: "collision" });
    else waiting.push(digest);
    if (writer.size >= packBytesMax || writer.count >= PACK_COUNT_MAX) await finishPack();
  }

  async function finishPack(): Promise<void> {
    if (writer === undefined) return;
    const pack = await writer.finish({ signal });
    written.push(pack);
    const going = waiting;
    [writer, waiting] = [undefined, []];
    const { proven, damage } = await readBack(layout, pack.id, going, { signal });
    // Not even the pack just written can be read: this disk is not one to delete from.
    if (damage !== undefined) throw damage;
    await dropAll(proven, pack.id);
  }

  /** Blobs that packs hold already: what one of those cannot give after all is written anew. */
  async function finishHeld(): Promise<void> {
    const groups = held;
    [held, heldCount] = [new Map(), 0];
    for (const [id, digests] of groups) {
      const { proven } = await readBack(layout, id, digests, { signal });
      await dropAll(proven, id);
      for (const digest of digests) {
        const content = proven.has(digest) ? undefined : await read(digest);
        if (content !== undefined) await add(digest, content);
      }
    }
  }

  async function dropAll(proven: ReadonlySet<Digest>, id: PackId): Promise<void> {
    await keepOrigins(layout, proven);
    const notice = await blobs.announceTrash(proven);
    for (const digest of proven) await dropLoose(digest, id, notice);
    await notice.withdraw();
  }

  /** INV-4: the copy that stays is the pack's, looked for after D1. */
  async function dropLoose(digest: Digest, id: PackId, notice: TrashNotice): Promise<void> {
    const trashed = await blobs.trash(digest, sweep, notice);
    if (trashed === undefined) {
      stayed.push({ digest, why: "absent" });
      return;
    }
    let isHeld = false;
    try {
      isHeld = await isWhole(packDirectoryOf(layout), id);
    } finally {
      if (!isHeld) await trashed.restore();
    }
    // A reader may give the file its name back in the last instant.
    if (!isHeld || !(await trashed.destroy())) {
      stayed.push({ digest, why: "needed" });
      return;
    }
    moved.push(digest);
    looseBytes += trashed.size;
    onProgress?.({ kind: "moved", digest, size: trashed.size });
  }

  return {
    async take(digest) {
      const content = await read(digest);
      if (content === undefined) return;
      onProgress?.({ kind: "read", digest, size: content.length });
      const holder = packs.find(digest);
      if (holder === undefined) {
        await add(digest, content);
        return;
      }
      const others = held.get(holder.pack) ?? [];
      held.set(holder.pack, others);
      others.push(digest);
      heldCount += 1;
      if (heldCount >= HELD_COUNT_MAX) await finishHeld();
    },
    async finish() {
      await finishHeld();
      await finishPack();
    },
    async abandon() {
      await writer?.abort();
    },
    report: () => ({ packs: written, moved, stayed, looseBytes }),
  };
}
