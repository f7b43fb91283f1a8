import type { AbortOptions } from "../abort-options.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { writeFully } from "../fs/write-fully.ts";
import { type BlobHashes, createBlobHasher } from "../hashing/blob-hasher.ts";
import { pump } from "../hashing/pump.ts";

export interface CopyOptions extends AbortOptions {
  readonly onBytes?: ((done: number) => void) | undefined;
}

/** Bytes per step of a small copy. */
const STEP_BYTES = 1024 * 1024;

/**
 * Copies an open file into an empty one and hashes it on the way. What is hashed is what is
 * written: a source that changes meanwhile harms nothing.
 */
export async function copySmall(
  source: FsFile,
  target: FsFile,
  options: CopyOptions = {},
): Promise<BlobHashes> {
  const hasher = await createBlobHasher();
  const buffer = new Uint8Array(STEP_BYTES);
  for (;;) {
    options.signal?.throwIfAborted();
    const at = hasher.taken;
    const count = await source.read(buffer, at);
    const piece = buffer.subarray(0, count);
    hasher.update(piece);
    await writeFully(target, piece, at);
    options.onBytes?.(hasher.taken);
    if (count < buffer.length) return hasher.finish();
  }
}

/**
 * The same for a large file, with reads, hashing and writes overlapping.
 *
 * @param write puts bytes at their place in the target; writes overlap
 */
export function copyLarge(
  source: FsFile,
  write: (bytes: Uint8Array, position: number) => Promise<void>,
  options: CopyOptions = {},
): Promise<BlobHashes> {
  return pump({ ...options, read: (slot, position) => source.read(slot, position), write });
}
