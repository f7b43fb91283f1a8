import { createDigester } from "../digest/digester.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { PrefixHasher } from "./prefix-hasher.ts";

/** Bytes per read when catching up with what arrived out of order. */
const CATCH_UP_BYTES = 1024 * 1024;

/** For small files: bytes next in line are hashed from memory, the rest is read back at the end. */
export function createInlineHasher(file: FsFile): PrefixHasher {
  const digester = createDigester();
  let taken = 0;
  function take(bytes: Uint8Array): void {
    digester.update(bytes);
    taken += bytes.length;
  }
  return {
    written(start, bytes) {
      if (start === taken) take(bytes);
    },
    turn: async () => {},
    offer: async () => {},
    hashed: () => taken,
    async finish(end, options) {
      const buffer = new Uint8Array(Math.min(CATCH_UP_BYTES, Math.max(0, end - taken)));
      while (taken < end) {
        options?.signal?.throwIfAborted();
        const piece = buffer.subarray(0, Math.min(buffer.length, end - taken));
        const count = await file.read(piece, taken);
        if (count === 0) break;
        take(piece.subarray(0, count));
      }
      return digester.digest();
    },
    close: async () => {},
  };
}
