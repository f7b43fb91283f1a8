// Where digests are in the sidecars of many packs: one open-addressing table over all their rows,
// eight bytes a slot. A million objects are no JavaScript objects here.

import type { Needle } from "../bytes/digest-hash.ts";
import type { IdentityTable } from "../chkl/identity-table.ts";
import type { Sliced } from "../loop/turns.ts";

export interface DigestPlace {
  /** Which of the tables. */
  readonly table: number;
  /** The first row of that table with the digest. */
  readonly row: number;
}

export interface DigestMap {
  /** The places of a digest, at most one in each table, in the order of the tables. */
  placesOf(needle: Needle): readonly DigestPlace[];
}

/** Full to three quarters at most: beyond it the runs of taken slots get long. */
const SLOTS_PER_ROW = 4 / 3;

/** Rows between two pauses: about a millisecond's work. */
const YIELD_EVERY = 8192;

export function* createDigestMap(tables: readonly IdentityTable[]): Sliced<DigestMap> {
  const { starts, count } = countThrough(tables);
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, count * SLOTS_PER_ROW)));
  const mask = slotCount - 1;
  // Two numbers a slot: the hash, and the row, counted through all tables from 1. 0 is a free slot.
  // Rows that 32 bits cannot count would take 300 GiB.
  const slots = new Uint32Array(2 * slotCount);
  for (const [index, table] of tables.entries()) {
    const start = starts[index] as number;
    for (let row = 0; row < table.count; row++) {
      if ((start + row) % YIELD_EVERY === YIELD_EVERY - 1) yield;
      // A sidecar that names one content over and over must not make one long run of slots.
      if (table.isRepeat(row)) continue;
      const hash = table.hashAt(row);
      let slot = hash & mask;
      while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
      slots[2 * slot] = hash;
      slots[2 * slot + 1] = start + row + 1;
    }
  }

  return {
    placesOf(needle) {
      const places: DigestPlace[] = [];
      for (let slot = needle.hash & mask; ; slot = (slot + 1) & mask) {
        const number = slots[2 * slot + 1] as number;
        if (number === 0) return places;
        if (slots[2 * slot] !== needle.hash) continue;
        const table = lastAtMost(starts, number - 1);
        const row = number - 1 - (starts[table] as number);
        if (tables[table]?.isAt(row, needle) === true) places.push({ table, row });
      }
    },
  };
}

/** The number of each table's first row, and of all rows. */
function countThrough(tables: readonly IdentityTable[]): { starts: number[]; count: number } {
  const starts: number[] = [];
  let count = 0;
  for (const table of tables) {
    starts.push(count);
    count += table.count;
  }
  return { starts, count };
}

/** The index of the last of some ascending numbers that is not above `value`. */
function lastAtMost(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) <= value) low = middle;
    else high = middle;
  }
  return low;
}
