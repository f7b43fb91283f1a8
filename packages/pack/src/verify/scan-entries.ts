import { decodeEntryHeader, decodePackHeader } from "../chkl/pack-header.ts";
import { ENTRY_COUNT_MAX, ENTRY_HEADER_BYTES, HEADER_BYTES } from "../chkl/pack-header.ts";
import type { PackData } from "../chkl/pack-data.ts";
import type { PackEntry } from "../chkl/pack-entry.ts";
import { packCorrupt } from "../chkl/pack-error.ts";
import type { PackId } from "../chkl/pack-id.ts";
import { turns } from "../loop/turns.ts";
import type { DataWindow } from "./data-window.ts";

/**
 * The entries of a data file in order, from what the file itself says, without an index.
 *
 * @param onComplete is called after the last entry if the entries fill the file
 * @throws StoreError `ERR_STORE_PACK_TRUNCATED`, `ERR_STORE_PACK_INVALID` after the entries that
 * could be found
 */
export async function* scanEntries(
  pack: PackId,
  data: PackData,
  window: DataWindow,
  onComplete: () => void = () => {},
): AsyncGenerator<PackEntry> {
  const announced = decodePackHeader(pack, await window.read(0, HEADER_BYTES));
  if (announced > ENTRY_COUNT_MAX) {
    const message = `the header announces ${announced} entries, more than ${ENTRY_COUNT_MAX}`;
    throw packCorrupt("ERR_STORE_PACK_INVALID", { pack, offset: 4 }, message);
  }
  let count = 0;
  let offset = HEADER_BYTES;
  for (; offset < data.size && count < announced; count++) {
    const header = await window.read(offset, ENTRY_HEADER_BYTES);
    const { key, encodedSize } =
      header.length < ENTRY_HEADER_BYTES
        ? { key: undefined, encodedSize: 0 }
        : decodeEntryHeader(header);
    if (key === undefined || encodedSize > data.size - offset - ENTRY_HEADER_BYTES) {
      const message = `entry ${count + 1} of ${announced}, at byte ${offset}, goes beyond the file`;
      throw packCorrupt("ERR_STORE_PACK_TRUNCATED", { pack, offset }, message);
    }
    yield { key, offset, encodedSize };
    if (turns.isOver()) await turns.pause();
    offset += ENTRY_HEADER_BYTES + encodedSize;
  }
  if (count < announced) {
    const message = `the file ends after ${count} of ${announced} entries`;
    throw packCorrupt("ERR_STORE_PACK_TRUNCATED", { pack, offset }, message);
  }
  if (offset < data.size) {
    const message = `${data.size - offset} bytes follow the last of ${announced} entries`;
    throw packCorrupt("ERR_STORE_PACK_INVALID", { pack, offset }, message);
  }
  onComplete();
}
