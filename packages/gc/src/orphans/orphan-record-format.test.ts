import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { digestOf, digestOfHex } from "../../test/support/digests.ts";
import { seed } from "../../test/support/seed.ts";
import { formatOrphans, ORPHANS_COUNT_MAX, parseOrphans } from "./orphan-record-format.ts";

const records = fc.uniqueArray(
  fc.tuple(
    fc.nat({ max: 1_000 }).map((label) => digestOf(label)),
    fc.maxSafeNat(),
  ),
  { selector: ([digest]) => digest },
);

describe("the orphan record", () => {
  it("comes back from its text, sorted", () => {
    fc.assert(
      fc.property(records, (some) => {
        const sorted = some.toSorted((x, y) => (x[0] < y[0] ? -1 : 1));
        expect(parseOrphans(formatOrphans(some))).toEqual(sorted);
      }),
      { numRuns: 500, seed },
    );
  });

  it("is refused after any change of a single byte that it does not show as another record", () => {
    const text = formatOrphans([
      [digestOf("x"), 123],
      [digestOf("y"), 456],
    ]);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
        const parsed = parseOrphans(changed);
        if (parsed !== undefined) expect(formatOrphans(parsed)).toBe(changed);
      }),
      { numRuns: 1_000, seed },
    );
  });

  it("keeps the oldest when there are too many", () => {
    const many = Array.from({ length: ORPHANS_COUNT_MAX + 1 }, (_, index) => {
      const digest = digestOfHex(index.toString(16).padStart(64, "0"));
      return [digest, ORPHANS_COUNT_MAX - index] as const;
    });
    const kept = parseOrphans(formatOrphans(many)) ?? [];
    expect(kept.length).toBe(ORPHANS_COUNT_MAX);
    expect(kept.some(([digest]) => digest === many[0]?.[0])).toBe(false);
  });
});
