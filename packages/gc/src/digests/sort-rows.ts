import { compareRows, ROW_WORDS } from "./digest-row.ts";

/**
 * Rows in ascending order without duplicates, in a new array. Stores list their blobs in order, so
 * this is for those that do not, and may be plain.
 */
export function sortRows(
  rows: Uint32Array,
  count: number,
): { rows: Uint32Array<ArrayBuffer>; count: number } {
  const places = Uint32Array.from({ length: count }, (_, place) => place);
  places.sort((a, b) => compareRows(rows, a * ROW_WORDS, rows, b * ROW_WORDS));
  const sorted = new Uint32Array(count * ROW_WORDS);
  let kept = 0;
  for (const place of places) {
    const from = place * ROW_WORDS;
    const to = kept * ROW_WORDS;
    if (kept > 0 && compareRows(sorted, to - ROW_WORDS, rows, from) === 0) continue;
    sorted.set(rows.subarray(from, from + ROW_WORDS), to);
    kept += 1;
  }
  return { rows: sorted, count: kept };
}
