/** Rows of one length in a byte array, ascending by the bytes they start with. */
export interface SortedRows {
  readonly bytes: Uint8Array;
  /** Where the first row starts. */
  readonly start: number;
  readonly rowBytes: number;
  readonly count: number;
}

/** The first row whose start is not below `needle`; `count` if there is none. */
export function lowerBound(rows: SortedRows, needle: Uint8Array): number {
  return firstRow(rows.count, (row) => compareRow(rows, row, needle) >= 0);
}

/** The first row whose start is above `needle`; `count` if there is none. */
export function upperBound(rows: SortedRows, needle: Uint8Array): number {
  return firstRow(rows.count, (row) => compareRow(rows, row, needle) > 0);
}

/** The first of `count` rows that is beyond some point, as all after it are; `count` if none is. */
export function firstRow(count: number, isBeyond: (row: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBeyond(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How the start of a row compares with `needle`: negative, zero or positive. */
export function compareRow(rows: SortedRows, row: number, needle: Uint8Array): number {
  return compareBytes(rows.bytes, startOf(rows, row), needle, 0, needle.length);
}

/** How the starts of two rows compare, by their first `length` bytes. */
export function compareRows(rows: SortedRows, row: number, other: number, length: number): number {
  return compareBytes(rows.bytes, startOf(rows, row), rows.bytes, startOf(rows, other), length);
}

/** Where a row starts in the bytes. */
export function startOf(rows: SortedRows, row: number): number {
  return rows.start + row * rows.rowBytes;
}

export function compareBytes(
  a: Uint8Array,
  atA: number,
  b: Uint8Array,
  atB: number,
  length: number,
): number {
  for (let i = 0; i < length; i++) {
    // A row is longer than anything it is compared with, so both are within their arrays.
    const difference = (a[atA + i] as number) - (b[atB + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
