// The index of a pack, `.idx` (chkpt's). No header; rows of 32 bytes, ascending by key:
//
//   offset  bytes  field
//   0       16     key
//   16      8      offset of the entry in the `.dat` (of its key, not of its frame)
//   24      8      bytes of the frame
//
// A key may occur more than once; chkpt leaves rows of one key in any order, we sort them by offset.

import { StoreError } from "@store/layout";

import { readU64, writeU64 } from "../bytes/little-endian.ts";
import {
  compareRows,
  lowerBound,
  type SortedRows,
  startOf,
  upperBound,
} from "../bytes/sorted-rows.ts";
import { decodePackKey, encodePackKey, KEY_BYTES } from "../hash/pack-key.ts";
import { sortSliced } from "../loop/sort-sliced.ts";
import { finishNow, type Sliced } from "../loop/turns.ts";
import type { PackEntry } from "./pack-entry.ts";
import { ENTRY_HEADER_BYTES, HEADER_BYTES } from "./pack-header.ts";

export const INDEX_ROW_BYTES = 32;

/** A checked index, held as its bytes. */
export interface IndexTable {
  readonly count: number;
  /** Bytes of the `.dat` this index describes: its entries fill it without gap or overlap. */
  readonly dataSize: number;
  entryAt(row: number): PackEntry;
  offsetAt(row: number): number;
  encodedSizeAt(row: number): number;
  /** The rows with a key, given as its 16 bytes: `[start, end)`. */
  rowsOf(key: Uint8Array): { readonly start: number; readonly end: number };
}

/** Rows between two pauses: well under a millisecond's work. */
const YIELD_EVERY = 8192;

/** Rows whose tiling is checked without a pause: a few milliseconds. */
const AT_ONCE_COUNT_MAX = 16_384;

/** Shared by all short tables: a hundred packs opened at once would leave memory for each behind. */
const startScratch = new Float64Array(AT_ONCE_COUNT_MAX);
const endScratch = new Float64Array(AT_ONCE_COUNT_MAX);

/**
 * @throws StoreError `ERR_STORE_INDEX_INVALID`
 */
export function* openIndexTable(bytes: Uint8Array): Sliced<IndexTable> {
  if (bytes.length % INDEX_ROW_BYTES !== 0) {
    throw indexInvalid(bytes.length, `${bytes.length} bytes are no whole number of rows`);
  }
  const rows: SortedRows = {
    bytes,
    start: 0,
    rowBytes: INDEX_ROW_BYTES,
    count: bytes.length / INDEX_ROW_BYTES,
  };
  yield* checkOrder(rows);
  const dataSize = yield* checkTiling(rows);
  return {
    count: rows.count,
    dataSize,
    entryAt: (row) => ({
      key: decodePackKey(bytes, startOf(rows, row)),
      offset: readU64(bytes, startOf(rows, row) + 16),
      encodedSize: readU64(bytes, startOf(rows, row) + 24),
    }),
    offsetAt: (row) => readU64(bytes, startOf(rows, row) + 16),
    encodedSizeAt: (row) => readU64(bytes, startOf(rows, row) + 24),
    rowsOf: (key) => ({ start: lowerBound(rows, key), end: upperBound(rows, key) }),
  };
}

function* checkOrder(rows: SortedRows): Sliced<void> {
  for (let row = 1; row < rows.count; row++) {
    if (row % YIELD_EVERY === 0) yield;
    if (compareRows(rows, row - 1, row, KEY_BYTES) > 0) {
      throw indexInvalid(startOf(rows, row), "its keys do not ascend");
    }
  }
}

/**
 * Checks that the entries follow each other from the header to some end, and returns that end.
 *
 * An entry ends where the next starts: the ends are the starts but for the first, plus the end of
 * the data. Two sorted lists that agree on this leave no room for a gap or an overlap, because
 * every entry is longer than nothing.
 */
function* checkTiling(rows: SortedRows): Sliced<number> {
  const { bytes, count } = rows;
  const isShort = count <= AT_ONCE_COUNT_MAX;
  let starts: Float64Array | readonly number[] = isShort
    ? startScratch.subarray(0, count)
    : new Float64Array(count);
  let ends: Float64Array | readonly number[] = isShort
    ? endScratch.subarray(0, count)
    : new Float64Array(count);
  for (let row = 0; row < count; row++) {
    if (!isShort && row % YIELD_EVERY === 0) yield;
    const at = row * INDEX_ROW_BYTES;
    const start = readU64(bytes, at + 16);
    const end = start + ENTRY_HEADER_BYTES + readU64(bytes, at + 24);
    if (start < HEADER_BYTES) throw indexInvalid(at + 16, "an entry lies within the header");
    if (!Number.isSafeInteger(end)) throw indexInvalid(at + 16, "an entry ends beyond any file");
    starts[row] = start;
    ends[row] = end;
  }
  starts = yield* sortNumbers(starts);
  ends = yield* sortNumbers(ends);
  for (let row = 0; row < count; row++) {
    if (!isShort && row % YIELD_EVERY === 0) yield;
    const expected = row === 0 ? HEADER_BYTES : ends[row - 1];
    if (starts[row] !== expected) {
      throw indexInvalid(undefined, `its entries leave a gap or overlap at byte ${starts[row]}`);
    }
  }
  return count === 0 ? HEADER_BYTES : (ends[count - 1] as number);
}

/** The language's own sort is faster, and its memory smaller, as long as it is quick. */
function* sortNumbers(numbers: Float64Array): Sliced<Float64Array | readonly number[]> {
  if (numbers.length <= AT_ONCE_COUNT_MAX) return numbers.sort();
  return yield* sortSliced(Array.from(numbers), (a, b) => a - b);
}

/**
 * The bytes of an `.idx`: rows ascending by key, then by offset, whatever the order given.
 */
export function encodeIndex(entries: readonly PackEntry[]): Uint8Array {
  return finishNow(encodeIndexSliced(entries));
}

/** See {@link encodeIndex}. */
export function* encodeIndexSliced(entries: readonly PackEntry[]): Sliced<Uint8Array> {
  const bytes = new Uint8Array(entries.length * INDEX_ROW_BYTES);
  let at = 0;
  for (const { key, offset, encodedSize } of yield* sortSliced(entries, byKey)) {
    if (at % (YIELD_EVERY * INDEX_ROW_BYTES) === 0) yield;
    encodePackKey(key, bytes, at);
    writeU64(bytes, at + 16, offset);
    writeU64(bytes, at + 24, encodedSize);
    at += INDEX_ROW_BYTES;
  }
  return bytes;
}

/**
 * The rows of an `.idx`, in their order, checked: keys ascend, and the entries fill a data file
 * without gap or overlap.
 *
 * @throws StoreError `ERR_STORE_INDEX_INVALID`
 */
export function decodeIndex(bytes: Uint8Array): readonly PackEntry[] {
  const table = finishNow(openIndexTable(bytes));
  return Array.from({ length: table.count }, (_, row) => table.entryAt(row));
}

function byKey(a: PackEntry, b: PackEntry): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.offset - b.offset;
}

function indexInvalid(offset: number | undefined, message: string): StoreError {
  return new StoreError(`damaged index: ${message}`, {
    kind: "corrupt",
    code: "ERR_STORE_INDEX_INVALID",
    hint: "`store verify --repair` makes it anew from the data file.",
    detail: offset === undefined ? {} : { offset },
  });
}
