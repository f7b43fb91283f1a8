import type { Supplier } from "./supplier.ts";

/** The places of a file, found as they are needed, without those that were seen to be wrong. */
export interface Roster extends AsyncIterable<Supplier> {
  /** Never again: it sent other bytes than the digest stands for. */
  exclude(supplier: Supplier): void;
}

export function createRoster(first: Supplier, others: AsyncIterable<Supplier>): Roster {
  const known = [first];
  const excluded = new Set<Supplier>();
  const rest = others[Symbol.asyncIterator]();
  return {
    exclude(supplier) {
      excluded.add(supplier);
    },
    async *[Symbol.asyncIterator]() {
      for (let index = 0; ; index += 1) {
        if (index === known.length) {
          const next = await rest.next();
          if (next.done === true) return;
          known.push(next.value);
        }
        const supplier = known[index];
        if (supplier !== undefined && !excluded.has(supplier)) yield supplier;
      }
    },
  };
}
