import { entryTooLarge } from "./decode-entry.ts";
import type { EntryRow } from "./pack-entry.ts";
import { packCorrupt } from "./pack-error.ts";
import { encodedBytesMax, ENTRY_HEADER_BYTES, isEntryHeader } from "./pack-header.ts";
import type { PackId } from "./pack-id.ts";

/** Bytes from a position of a data file, fewer only at its end. */
export interface BytesAt {
  read(position: number, length: number): Promise<Uint8Array>;
}

/**
 * The frame of one entry, its header checked against what the index (or a scan) says.
 *
 * @throws StoreError `ERR_STORE_PACK_TRUNCATED`, `ERR_STORE_ENTRY_INVALID`,
 * `ERR_STORE_ENTRY_TOO_LARGE`
 */
export async function readEntry(
  source: BytesAt,
  pack: PackId,
  entry: EntryRow,
  contentBytesMax: number,
): Promise<Uint8Array> {
  const length = entryLength(pack, entry, contentBytesMax);
  return frameIn(await source.read(entry.offset, length), pack, entry);
}

/**
 * Bytes of an entry on disk.
 *
 * @throws StoreError `ERR_STORE_ENTRY_TOO_LARGE`
 */
export function entryLength(
  pack: PackId,
  { offset, encodedSize }: EntryRow,
  contentBytesMax: number,
): number {
  if (encodedSize > encodedBytesMax(contentBytesMax)) {
    throw entryTooLarge(undefined, contentBytesMax, { pack, offset });
  }
  return ENTRY_HEADER_BYTES + encodedSize;
}

/**
 * The frame in the bytes read for an entry, as a view of them.
 *
 * @throws StoreError `ERR_STORE_PACK_TRUNCATED`, `ERR_STORE_ENTRY_INVALID`
 */
export function frameIn(bytes: Uint8Array, pack: PackId, entry: EntryRow): Uint8Array {
  const { key, offset, encodedSize } = entry;
  const place = { pack, offset };
  const length = ENTRY_HEADER_BYTES + encodedSize;
  // The size was right when the pack was opened: somebody is cutting the file.
  if (bytes.length < length) {
    const message = `the entry at byte ${offset} ends after ${bytes.length} of ${length} bytes`;
    throw packCorrupt("ERR_STORE_PACK_TRUNCATED", place, message);
  }
  if (!isEntryHeader(bytes, key, encodedSize)) {
    const message = `the entry at byte ${offset} is not the one the index describes`;
    throw packCorrupt("ERR_STORE_ENTRY_INVALID", place, message);
  }
  return bytes.subarray(ENTRY_HEADER_BYTES);
}
