import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { createSharedSlots } from "../hashing/shared-slots.ts";
import { startSha256Worker } from "../hashing/sha256-worker.ts";
import { createChunkSummer } from "../sidecars/chunk-summer.ts";
import type { PrefixHasher } from "./prefix-hasher.ts";
import { createRangeSet } from "./range-set.ts";

/** Bytes per step, and how many steps are in memory: one read while another is hashed. */
const STEP_BYTES = 4 * 1024 * 1024;
const STEP_COUNT = 2;

/**
 * For large files: follows the writers through the file, a thread of its own doing the SHA-256.
 * What it reads back was written a moment ago and is still in the page cache. So a transfer's bytes
 * may arrive in any order, and little is left to do at its end.
 */
export async function createFollowingHasher(
  file: FsFile,
  present: readonly ByteRange[],
): Promise<PrefixHasher> {
  const summer = await createChunkSummer();
  const slots = createSharedSlots(STEP_COUNT, STEP_BYTES);
  const worker = startSha256Worker(slots.memory);
  const written = createRangeSet(present);
  let stepping: Promise<void> = Promise.resolve();
  let busy = false;
  let failure: unknown;
  let updating: Promise<void> = Promise.resolve();

  /** Hashes the next bytes in line, if there are `atLeast` of them. */
  async function step(atLeast: number, end: number): Promise<boolean> {
    const start = summer.taken;
    const ready = Math.min(written.endFrom(start), end) - start;
    if (ready <= 0 || ready < atLeast) return false;
    const slot = await slots.acquire();
    let handedOver = false;
    try {
      const wanted = slot.bytes.subarray(0, Math.min(STEP_BYTES, ready));
      const count = await file.read(wanted, start);
      if (count === 0) return false;
      summer.update(wanted.subarray(0, count));
      handedOver = true;
      updating = worker.update(slot.offset, count).finally(slot.release);
      updating.catch((error: unknown) => (failure ??= error));
      return true;
    } finally {
      if (!handedOver) slot.release();
    }
  }

  async function follow(): Promise<void> {
    busy = true;
    try {
      while (failure === undefined && (await step(STEP_BYTES, Number.POSITIVE_INFINITY)));
    } catch (error) {
      failure ??= error;
    } finally {
      busy = false;
    }
  }
  function wake(): void {
    if (!busy) stepping = follow();
  }
  wake();

  async function catchUp(end: number, options?: AbortOptions): Promise<void> {
    await stepping;
    while (failure === undefined && summer.taken < end) {
      options?.signal?.throwIfAborted();
      if (!(await step(1, end))) break;
    }
    await updating;
    if (failure !== undefined) throw failure;
  }

  return {
    written(start, bytes) {
      written.add({ start, end: start + bytes.length });
      wake();
    },
    async finish(end, options): Promise<BlobHashes> {
      await catchUp(end, options);
      const digest = await worker.digest();
      await worker.close();
      return { digest, chunks: summer.finish() };
    },
    async close() {
      failure ??= new TypeError("the hasher is closed");
      await stepping;
      await worker.close();
    },
  };
}
