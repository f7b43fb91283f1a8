import { type Digest, digestFromHex } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createDigestTable } from "./digest-table.ts";

/** Digests that differ only in their last byte, in a few places, or everywhere. */
const hexes = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((n) => n.toString(16).padStart(64, "0")),
  fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16).padStart(4, "0").padEnd(64, "f")),
  fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString("hex")),
);
const digests = hexes.map((hex) => digestFromHex(hex) as Digest);

describe("createDigestTable", () => {
  it("holds what a Set holds, in ascending order", () => {
    fc.assert(
      fc.property(fc.array(digests, { maxLength: 300 }), fc.array(digests), (members, others) => {
        const set = new Set(members);
        const table = createDigestTable(members);
        const sorted = [...set].sort();
        expect([...table]).toEqual(sorted);
        expect(table.size).toBe(set.size);
        for (const [index, digest] of sorted.entries()) {
          expect(table.at(index)).toBe(digest);
          expect(table.indexOf(digest)).toBe(index);
        }
        for (const other of others) expect(table.has(other)).toBe(set.has(other));
      }),
      { numRuns: 1_000 },
    );
  });

  it("finds everything in a table large enough to grow many times", () => {
    const many = Array.from({ length: 20_000 }, (_, n) => {
      const hex = Math.imul(n, 0x9e3779b1) >>> 0;
      return digestFromHex(hex.toString(16).padStart(8, "0").repeat(8)) as Digest;
    });
    const table = createDigestTable(many);
    expect(table.size).toBe(20_000);
    expect(many.every((digest) => table.at(table.indexOf(digest)) === digest)).toBe(true);
  });

  it("answers for a table with nothing in it", () => {
    const table = createDigestTable([]);
    expect([...table]).toEqual([]);
    expect(table.has(digestFromHex("0".repeat(64)) as Digest)).toBe(false);
    expect(() => table.at(0)).toThrow(RangeError);
  });
});
