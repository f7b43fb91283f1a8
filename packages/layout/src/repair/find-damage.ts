import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import { loadXxh64 } from "../checksum/xxh64.ts";
import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { hashFile } from "../hashing/hash-file.ts";
import { CHUNK_BYTES, type ChunkMap } from "../sidecars/chunk-map.ts";

/** What is left of a blob whose file has other bytes than its name promises. */
export interface Damage {
  /** Whole chunks that have the sums that were recorded when the blob was hashed. */
  readonly good: readonly ByteRange[];
  /** What the file hashes to; `undefined` if it cannot be read to its end. */
  readonly actual: Digest | undefined;
}

/**
 * Reads a blob's file and says which of its chunks are good.
 *
 * @param map absent where nobody recorded the sums: then no chunk is known to be good
 * @returns `undefined` if the file has the right bytes
 */
export async function findDamage(
  file: FsFile,
  digest: Digest,
  map: ChunkMap | undefined,
  options: AbortOptions,
): Promise<Damage | undefined> {
  try {
    const hashes = await hashFile(file, options);
    if (hashes.digest === digest) return undefined;
    const isGood = (index: number): boolean => hashes.chunks.sums[index] === map?.sums[index];
    return { good: map === undefined ? [] : listGood(map, isGood), actual: hashes.digest };
  } catch (error) {
    // A bad sector: the chunks around it may well be readable.
    if (!isErrno(error, "EIO")) throw error;
  }
  if (map === undefined) return { good: [], actual: undefined };
  const buffer = new Uint8Array(CHUNK_BYTES);
  const good = new Set<number>();
  for (const index of map.sums.keys()) {
    options.signal?.throwIfAborted();
    if ((await readGoodChunk(file, map, index, buffer)) !== undefined) good.add(index);
  }
  return { good: listGood(map, (index) => good.has(index)), actual: undefined };
}

function listGood(map: ChunkMap, isGood: (index: number) => boolean): readonly ByteRange[] {
  return [...map.sums.keys()].filter(isGood).map((index) => chunkRange(map, index));
}

export function chunkRange({ size }: Pick<ChunkMap, "size">, index: number): ByteRange {
  const start = index * CHUNK_BYTES;
  return { start, end: Math.min(size, start + CHUNK_BYTES) };
}

/** The bytes of one chunk, if they are readable and have the recorded sum. */
export async function readGoodChunk(
  file: FsFile,
  map: ChunkMap,
  index: number,
  buffer: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { start, end } = chunkRange(map, index);
  const bytes = buffer.subarray(0, end - start);
  try {
    if ((await file.read(bytes, start)) < bytes.length) return undefined;
  } catch (error) {
    if (isErrno(error, "EIO")) return undefined;
    throw error;
  }
  return (await loadXxh64()).of(bytes) === map.sums[index] ? bytes : undefined;
}
