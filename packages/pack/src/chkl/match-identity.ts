import type { Sliced } from "../loop/turns.ts";
import type { IdentityTable } from "./identity-table.ts";
import type { IndexTable } from "./index-table.ts";
import { packCorrupt } from "./pack-error.ts";
import type { PackId } from "./pack-id.ts";

/** Up to this many entries of one key are looked through; beyond it they get a map. */
const SHORT_RUN_COUNT_MAX = 8;

/** Rows between two pauses: about a millisecond's work. */
const YIELD_EVERY = 2048;

/**
 * Finds the index row of every sidecar row, and so checks that the sidecar speaks of entries that
 * exist, each at most once.
 *
 * @returns for each row of the index the row of the sidecar about the same entry, or -1
 * @throws StoreError `ERR_STORE_IDENTITY_INVALID`
 */
export function* matchIdentity(
  pack: PackId,
  index: IndexTable,
  identity: IdentityTable,
): Sliced<Int32Array> {
  const rows = new Int32Array(index.count).fill(-1);
  const findRow = createRowFinder(index);
  for (let row = 0; row < identity.count; row++) {
    if (row % YIELD_EVERY === YIELD_EVERY - 1) yield;
    const offset = identity.offsetAt(row);
    const found = findRow(identity.keyAt(row), offset);
    if (
      found === undefined ||
      rows[found] !== -1 ||
      index.encodedSizeAt(found) !== identity.encodedSizeAt(row)
    ) {
      throw packCorrupt(
        "ERR_STORE_IDENTITY_INVALID",
        { pack, offset },
        `the sidecar names an entry at byte ${offset} that the index does not have`,
        { hint: "`store verify --repair` makes it anew from the data file." },
      );
    }
    rows[found] = row;
  }
  return rows;
}

/** Finds the row with a key and an offset, in a time that long runs of one key do not spoil. */
function createRowFinder(
  index: IndexTable,
): (key: Uint8Array, offset: number) => number | undefined {
  const longRuns = new Map<number, ReadonlyMap<number, number>>();

  return (key, offset) => {
    const { start, end } = index.rowsOf(key);
    if (end - start <= SHORT_RUN_COUNT_MAX) {
      for (let row = start; row < end; row++) if (index.offsetAt(row) === offset) return row;
      return undefined;
    }
    let run = longRuns.get(start);
    if (run === undefined) {
      const offsets = new Map<number, number>();
      for (let row = start; row < end; row++) offsets.set(index.offsetAt(row), row);
      longRuns.set(start, offsets);
      run = offsets;
    }
    return run.get(offset);
  };
}
