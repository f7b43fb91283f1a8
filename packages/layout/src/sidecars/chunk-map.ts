import type { Xxh64Factory } from "../checksum/xxh64.ts";

/** Bytes per chunk: small enough to fetch again for one bad sector, large enough to stay cheap. */
export const CHUNK_BYTES: number = 4 * 1024 * 1024;

/** XXH64 of every chunk of a blob, in order; the last chunk may be short. */
export interface ChunkMap {
  /** Bytes of the blob. */
  readonly size: number;
  readonly sums: BigUint64Array;
}

const MAGIC = new DataView(new TextEncoder().encode("SMCHUNK1").buffer).getBigUint64(0, true);
const HEADER_BYTES = 24;
const SUM_BYTES = 8;

/** Bytes at the start of a sidecar that say which blob size it is for. */
export const CHUNK_MAP_HEADER_BYTES: number = HEADER_BYTES;

/** The blob size a sidecar's first bytes record, or `undefined` if they are not a header of ours. */
export function chunkMapSize(header: Uint8Array): number | undefined {
  if (header.length < HEADER_BYTES) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getBigUint64(0, true) !== MAGIC || view.getUint32(16, true) !== CHUNK_BYTES) {
    return undefined;
  }
  const size = Number(view.getBigUint64(8, true));
  return Number.isSafeInteger(size) ? size : undefined;
}

/** Bytes of the sidecar of a blob. */
export function chunkMapBytes(blobSize: number): number {
  return HEADER_BYTES + Math.ceil(blobSize / CHUNK_BYTES) * SUM_BYTES + SUM_BYTES;
}

/**
 * All numbers little-endian: magic[8] · u64 blob size · u32 chunk size · u32 0 · one u64 XXH64 per
 * chunk · u64 XXH64 of everything before. The trailing sum keeps a torn or zero-filled sidecar
 * from being believed.
 */
export function encodeChunkMap(map: ChunkMap, xxh64: Xxh64Factory): Uint8Array {
  const bytes = new Uint8Array(chunkMapBytes(map.size));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, MAGIC, true);
  view.setBigUint64(8, BigInt(map.size), true);
  view.setUint32(16, CHUNK_BYTES, true);
  let at = HEADER_BYTES;
  for (const sum of map.sums) {
    view.setBigUint64(at, sum, true);
    at += SUM_BYTES;
  }
  view.setBigUint64(at, xxh64.of(bytes.subarray(0, at)), true);
  return bytes;
}

/** The map, or `undefined` for anything that is not a whole sidecar: it can always be made again. */
export function decodeChunkMap(bytes: Uint8Array, xxh64: Xxh64Factory): ChunkMap | undefined {
  const size = chunkMapSize(bytes);
  if (size === undefined || bytes.length !== chunkMapBytes(size)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - SUM_BYTES;
  if (view.getBigUint64(end, true) !== xxh64.of(bytes.subarray(0, end))) return undefined;
  const sums = new BigUint64Array((end - HEADER_BYTES) / SUM_BYTES);
  for (let index = 0; index < sums.length; index += 1) {
    sums[index] = view.getBigUint64(HEADER_BYTES + index * SUM_BYTES, true);
  }
  return { size, sums };
}
