// The identity sidecar of a pack, `.ids` (ours). All integers are little-endian.
//
//   offset        bytes  field
//   0             4      magic 53 50 49 44, "SPID"
//   4             4      version, 1
//   8             8      number of rows
//   16            72 n   rows, ascending by SHA-256, then by offset:
//                          32  SHA-256 of the content
//                          16  key
//                          8   offset of the entry in the `.dat`
//                          8   bytes of the frame
//                          8   bytes of the content
//   16 + 72 n     8      XXH64 (seed 0) of all bytes before

import { digestHex, type Digest, StoreError } from "@store/layout";

import { readU32, readU64, writeU32, writeU64 } from "../bytes/little-endian.ts";
import {
  compareRow,
  compareRows,
  lowerBound,
  type SortedRows,
  startOf,
} from "../bytes/sorted-rows.ts";
import { hashDigest, type Needle } from "../bytes/digest-hash.ts";
import { encodePackKey, type PackKey } from "../hash/pack-key.ts";
import { xxh64Sliced } from "../hash/xxh.ts";
import { sortSliced } from "../loop/sort-sliced.ts";
import { finishNow, type Sliced } from "../loop/turns.ts";
import type { EntryRow, PackObject } from "./pack-entry.ts";

const IDENTITY_HEADER_BYTES = 16;
export const IDENTITY_ROW_BYTES = 72;
const CHECKSUM_BYTES = 8;
const DIGEST_BYTES = 32;

/** Rows between two pauses: well under a millisecond's work. */
const YIELD_EVERY = 8192;

const MAGIC = 0x4449_5053;
const VERSION = 1;

/** A checked sidecar, held as its bytes. */
export interface IdentityTable {
  readonly count: number;
  objectAt(row: number): PackObject;
  /** Where a row's entry lies, its key as a view. */
  entryRowAt(row: number): EntryRow;
  /** The 16 bytes of a row's key, as a view. */
  keyAt(row: number): Uint8Array;
  offsetAt(row: number): number;
  encodedSizeAt(row: number): number;
  /** Bytes of the content. */
  sizeAt(row: number): number;
  /** The hash of a row's digest, as a {@link Needle} has it. */
  hashAt(row: number): number;
  /** Whether a row has the digest of the row before it. */
  isRepeat(row: number): boolean;
  /** Whether a row has a digest. */
  isAt(row: number, needle: Needle): boolean;
  /** The first row with a digest. */
  rowOf(needle: Needle): number | undefined;
  /** The rows whose digest starts with a byte: `[start, end)`. */
  rowsFrom(firstByte: number): { readonly start: number; readonly end: number };
}

/**
 * @throws StoreError `ERR_STORE_IDENTITY_INVALID`; `ERR_STORE_IDENTITY_UNSUPPORTED` for a newer
 * version
 */
export function* openIdentityTable(bytes: Uint8Array): Sliced<IdentityTable> {
  const count = yield* decodeHeader(bytes);
  const rows: SortedRows = {
    bytes,
    start: IDENTITY_HEADER_BYTES,
    rowBytes: IDENTITY_ROW_BYTES,
    count,
  };
  yield* checkRows(rows);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isAt = (row: number, needle: Needle): boolean => compareRow(rows, row, needle.bytes) === 0;
  const keyAt = (row: number): Uint8Array =>
    bytes.subarray(startOf(rows, row) + 32, startOf(rows, row) + 48);
  const offsetAt = (row: number): number => readU64(bytes, startOf(rows, row) + 48);
  const encodedSizeAt = (row: number): number => readU64(bytes, startOf(rows, row) + 56);
  return {
    count,
    objectAt: (row) => objectAt(rows, text, row),
    entryRowAt: (row) => ({
      key: keyAt(row),
      offset: offsetAt(row),
      encodedSize: encodedSizeAt(row),
    }),
    keyAt,
    offsetAt,
    encodedSizeAt,
    sizeAt: (row) => readU64(bytes, startOf(rows, row) + 64),
    hashAt: (row) => hashDigest(bytes, startOf(rows, row)),
    isRepeat: (row) => row > 0 && compareRows(rows, row - 1, row, DIGEST_BYTES) === 0,
    isAt,
    rowOf(needle) {
      const row = lowerBound(rows, needle.bytes);
      return row < count && isAt(row, needle) ? row : undefined;
    },
    rowsFrom: (firstByte) => ({
      start: lowerBound(rows, Uint8Array.of(firstByte)),
      end: firstByte === 0xff ? count : lowerBound(rows, Uint8Array.of(firstByte + 1)),
    }),
  };
}

function objectAt(rows: SortedRows, text: Buffer, row: number): PackObject {
  const { bytes } = rows;
  const at = startOf(rows, row);
  return {
    // 32 bytes always make a digest, and 16 a key.
    digest: `sha256:${text.toString("hex", at, at + 32)}` as Digest,
    key: text.toString("hex", at + 32, at + 48) as PackKey,
    offset: readU64(bytes, at + 48),
    encodedSize: readU64(bytes, at + 56),
    size: readU64(bytes, at + 64),
  };
}

/** Checks everything but the rows, and returns their number. */
function* decodeHeader(bytes: Uint8Array): Sliced<number> {
  if (bytes.length < IDENTITY_HEADER_BYTES + CHECKSUM_BYTES) {
    throw identityInvalid(bytes.length, "it ends within its header");
  }
  if (readU32(bytes, 0) !== MAGIC) throw identityInvalid(0, "it does not start with SPID");
  const version = readU32(bytes, 4);
  if (version > VERSION) {
    throw new StoreError(`the sidecar has version ${version}; this code reads ${VERSION}`, {
      kind: "unsupported",
      code: "ERR_STORE_IDENTITY_UNSUPPORTED",
      hint: "Upgrade this program. The pack can still be read by key.",
      detail: { found: version, supported: VERSION },
    });
  }
  if (version !== VERSION) throw identityInvalid(4, `it has version ${version}`);
  const count = readU64(bytes, 8);
  if (bytes.length !== IDENTITY_HEADER_BYTES + count * IDENTITY_ROW_BYTES + CHECKSUM_BYTES) {
    throw identityInvalid(8, `its ${bytes.length} bytes are not those of ${count} rows`);
  }
  const checksumAt = bytes.length - CHECKSUM_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((yield* xxh64Sliced(bytes.subarray(0, checksumAt))) !== view.getBigUint64(checksumAt, true)) {
    throw identityInvalid(checksumAt, "it does not match its checksum");
  }
  return count;
}

/** A right checksum proves only that the writer meant it: order and numbers are checked as well. */
function* checkRows(rows: SortedRows): Sliced<void> {
  const { bytes } = rows;
  for (let row = 0; row < rows.count; row++) {
    if (row % YIELD_EVERY === YIELD_EVERY - 1) yield;
    const at = startOf(rows, row);
    for (const field of [48, 56, 64]) {
      if (readU64(bytes, at + field) === Infinity) {
        throw identityInvalid(at + field, "a number is beyond any file");
      }
    }
    if (row === 0) continue;
    const order = compareRows(rows, row - 1, row, DIGEST_BYTES);
    const previous = readU64(bytes, at - IDENTITY_ROW_BYTES + 48);
    if (order > 0 || (order === 0 && previous >= readU64(bytes, at + 48))) {
      throw identityInvalid(at, "its rows do not ascend");
    }
  }
}

/** The bytes of an `.ids`: rows ascending by SHA-256, then by offset, whatever the order given. */
export function encodeIdentity(objects: readonly PackObject[]): Uint8Array {
  return finishNow(encodeIdentitySliced(objects));
}

/** See {@link encodeIdentity}. */
export function* encodeIdentitySliced(objects: readonly PackObject[]): Sliced<Uint8Array> {
  const checksumAt = IDENTITY_HEADER_BYTES + objects.length * IDENTITY_ROW_BYTES;
  const bytes = new Uint8Array(checksumAt + CHECKSUM_BYTES);
  writeU32(bytes, 0, MAGIC);
  writeU32(bytes, 4, VERSION);
  writeU64(bytes, 8, objects.length);
  let at = IDENTITY_HEADER_BYTES;
  let rows = 0;
  for (const object of yield* sortSliced(objects, byDigest)) {
    const { digest, key, offset, encodedSize, size } = object;
    if (rows++ % YIELD_EVERY === 0) yield;
    bytes.set(Buffer.from(digestHex(digest), "hex"), at);
    encodePackKey(key, bytes, at + 32);
    writeU64(bytes, at + 48, offset);
    writeU64(bytes, at + 56, encodedSize);
    writeU64(bytes, at + 64, size);
    at += IDENTITY_ROW_BYTES;
  }
  const view = new DataView(bytes.buffer);
  view.setBigUint64(checksumAt, yield* xxh64Sliced(bytes.subarray(0, checksumAt)), true);
  return bytes;
}

/**
 * The rows of an `.ids`, in their order, checked.
 *
 * @throws StoreError `ERR_STORE_IDENTITY_INVALID`; `ERR_STORE_IDENTITY_UNSUPPORTED` for a newer
 * version
 */
export function decodeIdentity(bytes: Uint8Array): readonly PackObject[] {
  const table = finishNow(openIdentityTable(bytes));
  return Array.from({ length: table.count }, (_, row) => table.objectAt(row));
}

function byDigest(a: PackObject, b: PackObject): number {
  if (a.digest !== b.digest) return a.digest < b.digest ? -1 : 1;
  return a.offset - b.offset;
}

function identityInvalid(offset: number, message: string): StoreError {
  return new StoreError(`damaged identity sidecar: ${message}`, {
    kind: "corrupt",
    code: "ERR_STORE_IDENTITY_INVALID",
    hint: "`store verify --repair` makes it anew from the data file.",
    detail: { offset },
  });
}
