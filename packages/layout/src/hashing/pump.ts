import type { Digest } from "../digest/digest.ts";
import type { ChunkMap } from "../sidecars/chunk-map.ts";
import { createChunkSummer } from "../sidecars/chunk-summer.ts";
import type { BlobHashes } from "./blob-hasher.ts";
import { readAhead, type ReadAheadOptions } from "./read-ahead.ts";
import { createSharedSlots, type SharedSlots } from "./shared-slots.ts";
import { type Sha256Worker, startSha256Worker } from "./sha256-worker.ts";

/** Bytes per slot: large enough for the disk, a whole number of pages for direct I/O. */
export const SLOT_BYTES: number = 2 * 1024 * 1024;
/** Reads ahead of, and writes behind, the piece being hashed. 16 MiB in all, for all pumps together. */
const SLOT_COUNT = 8;

let slotsInUse: WeakRef<SharedSlots> | undefined;

/**
 * The slots of all pumps of this process. Pumps at the same time share them, so that their number
 * bounds the memory, and pumps one after the other find them again unless the memory was collected.
 */
function findSlots(): SharedSlots {
  const known = slotsInUse?.deref();
  if (known !== undefined) return known;
  const slots = createSharedSlots(SLOT_COUNT, SLOT_BYTES);
  slotsInUse = new WeakRef(slots);
  return slots;
}

/** Where the bytes come from, and who wants to know how far it is. */
export type PumpOptions = Omit<ReadAheadOptions, "take" | "lanes">;

export interface PumpCopyOptions extends PumpOptions {
  /** Writes what was read, if it goes anywhere. Writes may overlap; all are done at the end. */
  readonly write?: ((bytes: Uint8Array, position: number) => Promise<void>) | undefined;
}

/**
 * Moves a large blob through memory once: reads ahead, hashes SHA-256 in a thread of its own, sums
 * chunks on this one and writes behind, all over the same few buffers.
 */
export async function pump(options: PumpCopyOptions): Promise<BlobHashes> {
  const summer = await createChunkSummer();
  const digest = await withWorker(async (slots, worker) => {
    await readAhead(slots, {
      ...options,
      lanes: SLOT_COUNT,
      take({ bytes, offset, position }) {
        const hashed = worker.update(offset, bytes.length);
        const written = options.write?.(bytes, position) ?? Promise.resolve();
        summer.update(bytes);
        return settleAll([hashed, written]);
      },
    });
    return worker.digest();
  });
  return { digest, chunks: summer.finish() };
}

/** SHA-256 alone, which leaves the calling thread free. */
export function pumpDigest(options: PumpOptions): Promise<Digest> {
  return withWorker(async (slots, worker) => {
    await readAhead(slots, {
      ...options,
      lanes: SLOT_COUNT,
      take: ({ bytes, offset }) => worker.update(offset, bytes.length),
    });
    return worker.digest();
  });
}

/** The chunk map alone, summed on the calling thread. */
export async function pumpSums(options: PumpOptions): Promise<ChunkMap> {
  const summer = await createChunkSummer();
  await readAhead(findSlots(), {
    ...options,
    lanes: SLOT_COUNT,
    take: ({ bytes }) => summer.update(bytes),
  });
  return summer.finish();
}

async function withWorker<T>(
  body: (slots: SharedSlots, worker: Sha256Worker) => Promise<T>,
): Promise<T> {
  const slots = findSlots();
  const worker = startSha256Worker(slots.memory);
  try {
    return await body(slots, worker);
  } finally {
    await worker.close();
  }
}

/** `Promise.all` that waits for the others when one fails: none may use a slot that is given back. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(promises))
    if (outcome.status === "rejected") throw outcome.reason;
}
