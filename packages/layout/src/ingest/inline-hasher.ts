import type { FsFile } from "../fs/fs-port.ts";
import { createBlobHasher } from "../hashing/blob-hasher.ts";
import type { PrefixHasher } from "./prefix-hasher.ts";

/** Bytes per read when catching up with what arrived out of order. */
const CATCH_UP_BYTES = 1024 * 1024;

/** For small files: bytes next in line are hashed from memory, the rest is read back at the end. */
export async function createInlineHasher(file: FsFile): Promise<PrefixHasher> {
  const hasher = await createBlobHasher();
  return {
    written(start, bytes) {
      if (start === hasher.taken) hasher.update(bytes);
    },
    async finish(end, options) {
      const buffer = new Uint8Array(Math.min(CATCH_UP_BYTES, Math.max(0, end - hasher.taken)));
      while (hasher.taken < end) {
        options?.signal?.throwIfAborted();
        const piece = buffer.subarray(0, Math.min(buffer.length, end - hasher.taken));
        const count = await file.read(piece, hasher.taken);
        if (count === 0) break;
        hasher.update(piece.subarray(0, count));
      }
      return hasher.finish();
    },
    close: async () => {},
  };
}
