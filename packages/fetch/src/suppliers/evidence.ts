import type { ByteRange, StoreError } from "@store/layout";

import { countBytes, type Deliveries } from "./fill-from-suppliers.ts";
import type { Roster } from "./roster.ts";
import type { Supplier } from "./supplier.ts";

/** Bytes of one place within a file that is wrong as a whole. */
export interface KeptRanges {
  readonly path: string;
  readonly ranges: readonly ByteRange[];
}

/** What is known of places from a file they brought that is wrong as a whole. */
export interface Evidence {
  /**
   * Whoever brought all of it is wrong. Of several any may be.
   *
   * @param isMixed whether a part was here before
   */
  judge(mismatch: StoreError, deliveries: Deliveries, isMixed: boolean): void;
  /** What a place brought, where that lies; `undefined` if it brought nothing. */
  find(supplier: Supplier): KeptRanges | undefined;
  /** Everyone who may still be right, those first that brought most. */
  suspects(): AsyncIterable<Supplier>;
}

export function createEvidence(roster: Roster): Evidence {
  const kept = new Map<Supplier, KeptRanges>();
  return {
    judge({ detail: { quarantinePath: path } }, deliveries, isMixed) {
      for (const [supplier, ranges] of deliveries) {
        if (deliveries.size === 1 && !isMixed) roster.exclude(supplier);
        else if (typeof path === "string") kept.set(supplier, { path, ranges });
      }
    },
    find: (supplier) => kept.get(supplier),
    async *suspects() {
      const served = [...kept]
        .map(([supplier, { ranges }]) => ({ supplier, bytes: countBytes(ranges) }))
        .sort((a, b) => b.bytes - a.bytes)
        .map(({ supplier }) => supplier);
      yield* served;
      for await (const supplier of roster) if (!served.includes(supplier)) yield supplier;
    },
  };
}
