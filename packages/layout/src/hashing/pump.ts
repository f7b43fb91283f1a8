import type { AbortOptions } from "../abort-options.ts";
import { type ChunkSummer, createChunkSummer } from "../sidecars/chunk-summer.ts";
import type { BlobHashes } from "./blob-hasher.ts";
import { createSharedSlots, type Slot } from "./shared-slots.ts";
import { type Sha256Worker, startSha256Worker } from "./sha256-worker.ts";

/** Bytes per slot: large enough for the disk, a whole number of pages for direct I/O. */
export const SLOT_BYTES: number = 4 * 1024 * 1024;
/** Slots in flight: reads ahead of, and writes behind, the one being hashed. 16 MiB in all. */
const SLOT_COUNT = 4;

export interface PumpOptions extends AbortOptions {
  /** Fills a slot with the bytes at `position`; a short count means the end. */
  readonly read: (slot: Uint8Array, position: number) => Promise<number>;
  /** Writes what was read, if it goes anywhere. Writes may overlap; all are done at the end. */
  readonly write?: ((bytes: Uint8Array, position: number) => Promise<void>) | undefined;
  readonly onBytes?: ((done: number) => void) | undefined;
}

/**
 * Moves a large blob through memory once: reads ahead, hashes SHA-256 in a thread of its own, sums
 * chunks on this one and writes behind, all over the same few buffers.
 */
export async function pump(options: PumpOptions): Promise<BlobHashes> {
  const slots = createSharedSlots(SLOT_COUNT, SLOT_BYTES);
  const worker = startSha256Worker(slots.memory);
  const summer = await createChunkSummer();
  try {
    await runLanes(options, slots.acquire, worker, summer);
    return { digest: await worker.digest(), chunks: summer.finish() };
  } finally {
    await worker.close();
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function createTurn(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

async function runLanes(
  options: PumpOptions,
  acquire: () => Promise<Slot>,
  worker: Sha256Worker,
  summer: ChunkSummer,
): Promise<void> {
  let position = 0;
  let ended = false;
  let failed = false;
  /** Lanes hand on in the order of their positions. */
  let turn: Promise<void> = Promise.resolve();

  async function lane(): Promise<void> {
    while (!ended && !failed) {
      const slot = await acquire();
      try {
        options.signal?.throwIfAborted();
        const at = position;
        position += SLOT_BYTES;
        const before = turn;
        const { promise, resolve: handOn } = createTurn();
        turn = promise;
        try {
          const count = await options.read(slot.bytes, at);
          await before;
          // A slot read beyond the end, or behind a failure, is dropped.
          if (ended || failed) return;
          if (count < SLOT_BYTES) ended = true;
          const bytes = slot.bytes.subarray(0, count);
          const hashed = worker.update(slot.offset, count);
          handOn();
          const written = options.write?.(bytes, at);
          summer.update(bytes);
          options.onBytes?.(at + count);
          await Promise.all([hashed, written]);
        } finally {
          handOn();
        }
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        slot.release();
      }
    }
  }

  const outcomes = await Promise.allSettled(Array.from({ length: SLOT_COUNT }, lane));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
