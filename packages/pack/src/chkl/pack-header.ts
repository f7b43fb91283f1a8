// The fixed parts of a `.dat` (chkpt's CHKL format). All integers are little-endian.
//
//   offset  bytes  field
//   0       4      magic 43 48 4b 4c, "CHKL"
//   4       4      number of entries
//   8       …      entries, one after the other, to the end of the file:
//                    16  key
//                    8   bytes of the frame
//                    …   LZ4 frame

import { readU32, readU64, writeU32, writeU64 } from "../bytes/little-endian.ts";
import { compareBytes } from "../bytes/sorted-rows.ts";
import { decodePackKey, encodePackKey, KEY_BYTES, type PackKey } from "../hash/pack-key.ts";
import { packCorrupt } from "./pack-error.ts";
import type { PackId } from "./pack-id.ts";

/** Bytes of a pack's header, and the offset of its first entry. */
export const HEADER_BYTES = 8;
/** Bytes of an entry before its frame. */
export const ENTRY_HEADER_BYTES = 24;

/**
 * Most entries a pack of ours may have. The format's count ends at 2^32 - 1; this bounds the memory
 * of a reader, which holds 32 bytes an entry of the index, or 72 of the sidecar in their place, and 4.
 */
export const ENTRY_COUNT_MAX: number = 4 * 1024 * 1024;

/** Skippable frames an entry may carry beside its content, in bytes. */
const SKIPPABLE_BYTES_MAX = 64 * 1024;

const MAGIC = 0x4c4b_4843;

export function encodePackHeader(count: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  writeU32(header, 0, MAGIC);
  writeU32(header, 4, count);
  return header;
}

/**
 * The number of entries a header announces.
 *
 * @throws StoreError `ERR_STORE_PACK_TRUNCATED`, `ERR_STORE_PACK_INVALID`
 */
export function decodePackHeader(pack: PackId, header: Uint8Array): number {
  if (header.length < HEADER_BYTES) {
    throw packCorrupt(
      "ERR_STORE_PACK_TRUNCATED",
      { pack, offset: header.length },
      `the data file ends within its header, after ${header.length} bytes`,
    );
  }
  if (readU32(header, 0) !== MAGIC) {
    const message = "the data file does not start with CHKL";
    throw packCorrupt("ERR_STORE_PACK_INVALID", { pack, offset: 0 }, message);
  }
  const count = readU32(header, 4);
  if (count === 0) {
    const message = "the header announces no entries";
    throw packCorrupt("ERR_STORE_PACK_INVALID", { pack, offset: 4 }, message);
  }
  return count;
}

/** Writes the first 24 bytes of an entry. */
export function writeEntryHeader(
  bytes: Uint8Array,
  at: number,
  key: PackKey,
  encodedSize: number,
): void {
  encodePackKey(key, bytes, at);
  writeU64(bytes, at + KEY_BYTES, encodedSize);
}

/** What the first 24 bytes of an entry say; the size is `Infinity` above what a number can hold. */
export function decodeEntryHeader(bytes: Uint8Array): { key: PackKey; encodedSize: number } {
  return { key: decodePackKey(bytes, 0), encodedSize: readU64(bytes, 16) };
}

/** Whether the first 24 bytes of an entry say just this. */
export function isEntryHeader(bytes: Uint8Array, key: Uint8Array, encodedSize: number): boolean {
  return (
    compareBytes(bytes, 0, key, 0, KEY_BYTES) === 0 && readU64(bytes, KEY_BYTES) === encodedSize
  );
}

/** Most bytes of a frame for a content: at worst 8 more per block of 64 KiB, header and trailer. */
export function encodedBytesMax(contentBytesMax: number): number {
  return contentBytesMax + Math.ceil(contentBytesMax / 8192) + SKIPPABLE_BYTES_MAX;
}
