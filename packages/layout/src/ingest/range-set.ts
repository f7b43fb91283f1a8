import type { ByteRange } from "../byte-source.ts";

/** A set of byte offsets, kept as disjoint ascending ranges that never touch. */
export interface RangeSet {
  /** Ascending and disjoint. */
  readonly ranges: readonly ByteRange[];
  add(range: ByteRange): void;
  /** The parts of `within` that are not in the set. */
  missing(within: ByteRange): ByteRange[];
  /** Where the run that contains or begins at `offset` ends; `offset` itself if nothing does. */
  endFrom(offset: number): number;
  /** Bytes in the set. */
  count(): number;
}

export function createRangeSet(initial: Iterable<ByteRange> = []): RangeSet {
  let ranges: ByteRange[] = [];

  const set: RangeSet = {
    get ranges() {
      return ranges;
    },
    add(range) {
      if (range.end <= range.start) return;
      let { start, end } = range;
      const before: ByteRange[] = [];
      const after: ByteRange[] = [];
      for (const other of ranges) {
        if (other.end < start) before.push(other);
        else if (other.start > end) after.push(other);
        else {
          start = Math.min(start, other.start);
          end = Math.max(end, other.end);
        }
      }
      ranges = [...before, { start, end }, ...after];
    },
    missing(within) {
      const gaps: ByteRange[] = [];
      let at = within.start;
      for (const { start, end } of ranges) {
        if (end <= at) continue;
        if (start >= within.end) break;
        if (start > at) gaps.push({ start: at, end: start });
        at = end;
      }
      if (at < within.end) gaps.push({ start: at, end: within.end });
      return gaps;
    },
    endFrom(offset) {
      return ranges.find(({ start, end }) => start <= offset && offset < end)?.end ?? offset;
    },
    count: () => ranges.reduce((sum, { start, end }) => sum + end - start, 0),
  };
  for (const range of initial) set.add(range);
  return set;
}
