import type { ByteRange } from "../byte-source.ts";
import { CHUNK_BYTES } from "../sidecars/chunk-map.ts";

/** Calls `note` after a write of bytes and after the note of those before them in the same chunk. */
export type ChunkOrder = (
  range: ByteRange,
  write: Promise<void>,
  note: () => void,
) => Promise<void>;

/**
 * Writes of neighbours end in any order. A sum takes bytes in the order of the file only, and a
 * chunk whose sum is missing would be read back.
 */
export function createChunkOrder(): ChunkOrder {
  /** Notes to come, by the offset behind their bytes. */
  const toCome = new Map<number, Promise<void>>();
  return async ({ start, end }, write, note) => {
    const before = start % CHUNK_BYTES === 0 ? undefined : toCome.get(start);
    const noted = Promise.allSettled([before, write])
      // It rejects if this write failed, whatever became of the one before.
      .then(() => write)
      .then(note);
    toCome.set(end, noted);
    try {
      await noted;
    } finally {
      toCome.delete(end);
    }
  };
}
