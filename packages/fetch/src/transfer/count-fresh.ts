import type { ByteRange } from "@store/layout";

/** How many of the `count` bytes from `start` on are missing. */
export function countFresh(missing: readonly ByteRange[], start: number, count: number): number {
  const end = start + count;
  let fresh = 0;
  for (const gap of missing) {
    fresh += Math.max(0, Math.min(gap.end, end) - Math.max(gap.start, start));
  }
  return fresh;
}
