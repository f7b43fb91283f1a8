import { loadXxh64, type Xxh64, type Xxh64Factory } from "../checksum/xxh64.ts";
import { CHUNK_BYTES, type ChunkMap } from "./chunk-map.ts";

/** The chunk map of bytes handed in once, in order. */
export interface ChunkSummer {
  /** Bytes taken so far. */
  readonly taken: number;
  update(bytes: Uint8Array): void;
  finish(): ChunkMap;
}

export async function createChunkSummer(): Promise<ChunkSummer> {
  return startSummer(await loadXxh64());
}

function startSummer(xxh64: Xxh64Factory): ChunkSummer {
  const sums: bigint[] = [];
  let chunk: Xxh64 = xxh64.create();
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    update(bytes) {
      let at = 0;
      while (at < bytes.length) {
        const piece = bytes.subarray(at, at + CHUNK_BYTES - (taken % CHUNK_BYTES));
        chunk.update(piece);
        taken += piece.length;
        at += piece.length;
        if (taken % CHUNK_BYTES !== 0) continue;
        sums.push(chunk.value());
        chunk = xxh64.create();
      }
    },
    finish() {
      if (taken % CHUNK_BYTES !== 0) sums.push(chunk.value());
      return { size: taken, sums: BigUint64Array.from(sums) };
    },
  };
}
