import type { AbortOptions } from "../abort-options.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { writeAligned } from "../fs/write-aligned.ts";
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

/** The same for a large file, with reads, hashing and (past the page cache) writes overlapping. */
export async function copyLarge(
  source: FsFile,
  target: FsFile,
  options: CopyOptions = {},
): Promise<BlobHashes> {
  let padded = false;
  const hashes = await pump({
    ...options,
    read: (slot, position) => source.read(slot, position),
    write: (bytes, position) => {
      const rest = bytes.length % target.alignment;
      if (rest === 0) return writeFully(target, bytes, position);
      // Only the last piece can be a part of a page: written padded, cut afterwards.
      padded = true;
      return writeAligned(target, pad(bytes, target.alignment - rest), position);
    },
  });
  if (padded) await target.truncate(hashes.chunks.size);
  return hashes;
}

/** The same bytes and zeros up to the alignment, in the slot they lie in. */
function pad(bytes: Uint8Array, count: number): Uint8Array {
  const whole = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length + count);
  whole.fill(0, bytes.length);
  return whole;
}
