import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { Xxh64, Xxh64Factory } from "../checksum/xxh64.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { CHUNK_BYTES, type ChunkMap } from "../sidecars/chunk-map.ts";
import type { JournalRecord } from "./journal.ts";
import type { WrittenChunks } from "./written-chunks.ts";

/** Bytes per read of a chunk whose sum nobody has. */
const READ_BYTES = 1024 * 1024;

export interface SumChunksParts {
  readonly file: FsFile;
  readonly written: WrittenChunks;
  /** What an earlier attempt recorded, checked. */
  readonly records: readonly JournalRecord[];
  readonly xxh64: Xxh64Factory;
}

/**
 * The chunk map of a complete partial. The sums are there already, except those of chunks that came
 * in pieces; these few are read back.
 */
export async function sumChunks(
  { file, written, records, xxh64 }: SumChunksParts,
  size: number,
  { signal }: AbortOptions = {},
): Promise<ChunkMap> {
  const recorded = new Map(records.map(({ start, end, sum }) => [`${start} ${end}`, sum]));
  let buffer: Uint8Array | undefined;
  const sums = new BigUint64Array(Math.ceil(size / CHUNK_BYTES));
  for (let index = 0; index < sums.length; index += 1) {
    signal?.throwIfAborted();
    const start = index * CHUNK_BYTES;
    const end = Math.min(size, start + CHUNK_BYTES);
    const earlier = recorded.get(`${start} ${end}`);
    const known =
      written.sumOf(start, end) ?? (earlier === undefined ? undefined : BigInt(`0x${earlier}`));
    if (known !== undefined) {
      sums[index] = known;
      continue;
    }
    // One for all: thrown away by the dozen, they would wait for the collector.
    buffer ??= new Uint8Array(READ_BYTES);
    sums[index] = await sumRange(file, { start, end }, xxh64.create(), buffer);
  }
  return { size, sums };
}

async function sumRange(
  file: FsFile,
  { start, end }: ByteRange,
  sum: Xxh64,
  buffer: Uint8Array,
): Promise<bigint> {
  for (let at = start; at < end;) {
    const count = await file.read(buffer.subarray(0, end - at), at);
    if (count === 0) break;
    sum.update(buffer.subarray(0, count));
    at += count;
  }
  return sum.value();
}
