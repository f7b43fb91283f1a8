import { compareBytes, firstRow } from "../bytes/sorted-rows.ts";
import { decodePackKey, KEY_BYTES } from "../hash/pack-key.ts";
import type { IdentityTable } from "./identity-table.ts";
import type { IndexTable } from "./index-table.ts";

/**
 * An index read through the sidecar of the same pack, which names every entry: what it says is all
 * there, in another order, so that the bytes of the index itself need not be kept.
 *
 * @param identityRows for each row of the index the row of the sidecar about the same entry
 */
export function joinIndex(
  { count, dataSize }: Pick<IndexTable, "count" | "dataSize">,
  identity: IdentityTable,
  identityRows: Int32Array,
): IndexTable {
  const rowAt = (row: number): number => identityRows[row] as number;
  const compare = (row: number, key: Uint8Array): number =>
    compareBytes(identity.keyAt(rowAt(row)), 0, key, 0, KEY_BYTES);
  return {
    count,
    dataSize,
    entryAt: (row) => ({
      key: decodePackKey(identity.keyAt(rowAt(row)), 0),
      offset: identity.offsetAt(rowAt(row)),
      encodedSize: identity.encodedSizeAt(rowAt(row)),
    }),
    offsetAt: (row) => identity.offsetAt(rowAt(row)),
    encodedSizeAt: (row) => identity.encodedSizeAt(rowAt(row)),
    rowsOf: (key) => ({
      start: firstRow(count, (row) => compare(row, key) >= 0),
      end: firstRow(count, (row) => compare(row, key) > 0),
    }),
  };
}
