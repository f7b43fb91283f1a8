import type { AbortOptions } from "../abort-options.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { type BlobHashes, createBlobHasher } from "./blob-hasher.ts";
import { pump } from "./pump.ts";

/** Below this a thread costs more than it brings. */
export const PUMP_BYTES_MIN: number = 32 * 1024 * 1024;

/** One reused buffer of this size keeps memory flat and the event loop free between updates. */
const BUFFER_BYTES = 1024 * 1024;

export interface HashFileOptions extends AbortOptions {
  readonly onBytes?: ((done: number) => void) | undefined;
}

/** Hashes an open file from its start to its end, whatever its size was said to be. */
export async function hashFile(file: FsFile, options: HashFileOptions = {}): Promise<BlobHashes> {
  const { size } = await file.stat();
  if (size < PUMP_BYTES_MIN) return hashHere(file, size, options);
  return pump({ ...options, read: (slot, position) => file.read(slot, position) });
}

async function hashHere(file: FsFile, size: number, options: HashFileOptions): Promise<BlobHashes> {
  const hasher = await createBlobHasher();
  // One byte more than the size: a file that has not grown ends with the first short read.
  const buffer = new Uint8Array(Math.min(BUFFER_BYTES, size + 1));
  for (;;) {
    options.signal?.throwIfAborted();
    const count = await file.read(buffer, hasher.taken);
    hasher.update(buffer.subarray(0, count));
    options.onBytes?.(hasher.taken);
    if (count < buffer.length) return hasher.finish();
  }
}
