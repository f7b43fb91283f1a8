import { formatXxh64, type Xxh64, type Xxh64Factory } from "../checksum/xxh64.ts";
import { CHUNK_BYTES } from "../sidecars/chunk-map.ts";
import type { JournalRecord } from "./journal.ts";

/**
 * The sums of what was written, chunk by chunk. One pass over the bytes serves the journal and the
 * chunk map.
 */
export interface WrittenChunks {
  /** Bytes written since the last `take`. */
  readonly bytes: number;
  /** Notes a finished write. Writes that follow each other within a chunk make one run. */
  add(start: number, bytes: Uint8Array): void;
  /**
   * What was written since the last call, as records, ascending. The record of a run that has grown
   * covers its earlier part once more, since one sum stands for all of it.
   */
  take(): readonly JournalRecord[];
  /** The sum of the chunk from `start` to `end`, if one run, unbroken, wrote all of it. */
  sumOf(start: number, end: number): bigint | undefined;
}

/** Bytes of one chunk that were written in one go. */
interface Run {
  readonly start: number;
  end: number;
  readonly sum: Xxh64;
}

export function createWrittenChunks(xxh64: Xxh64Factory): WrittenChunks {
  /** Runs that may still grow. */
  const byEnd = new Map<number, Run>();
  /** Sums of whole chunks, by their start. */
  const whole = new Map<number, bigint>();
  let grown = new Set<Run>();
  let total = 0;

  function addPiece(start: number, bytes: Uint8Array): void {
    const isChunkStart = start % CHUNK_BYTES === 0;
    const run = (isChunkStart ? undefined : byEnd.get(start)) ?? {
      start,
      end: start,
      sum: xxh64.create(),
    };
    if (byEnd.get(run.end) === run) byEnd.delete(run.end);
    run.sum.update(bytes);
    run.end += bytes.length;
    grown.add(run);
    if (run.end % CHUNK_BYTES !== 0) byEnd.set(run.end, run);
    else if (run.end - run.start === CHUNK_BYTES) whole.set(run.start, run.sum.value());
  }

  return {
    get bytes() {
      return total;
    },
    add(start, bytes) {
      total += bytes.length;
      for (let at = 0; at < bytes.length;) {
        const room = CHUNK_BYTES - ((start + at) % CHUNK_BYTES);
        const piece = bytes.subarray(at, at + room);
        addPiece(start + at, piece);
        at += piece.length;
      }
    },
    take() {
      const records = Array.from(grown, ({ start, end, sum }) => ({
        start,
        end,
        sum: formatXxh64(sum.value()),
      }));
      grown = new Set();
      total = 0;
      return records.toSorted((a, b) => a.start - b.start);
    },
    sumOf(start, end) {
      if (end - start === CHUNK_BYTES) return whole.get(start);
      const run = byEnd.get(end);
      return run?.start === start ? run.sum.value() : undefined;
    },
  };
}
