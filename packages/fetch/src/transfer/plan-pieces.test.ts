import fc from "fast-check";
import { expect, it } from "vitest";

import { countBytes, pieceBytesFor, planPieces } from "./plan-pieces.ts";

const ranges = fc
  .array(fc.nat(10_000), { maxLength: 20 })
  .map((cuts) => [...new Set(cuts)].sort((a, b) => a - b))
  .map((cuts) =>
    cuts.flatMap((start, index) => {
      const end = cuts[index + 1];
      return index % 2 === 0 && end !== undefined ? [{ start, end }] : [];
    }),
  );

it("cuts ranges into pieces that cover them exactly, in order, none over the limit", () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 3000 }), (missing, pieceBytes) => {
      const pieces = planPieces(missing, pieceBytes);
      expect(countBytes(pieces)).toBe(countBytes(missing));
      let last = 0;
      for (const { start, end } of pieces) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        expect(end - start).toBeLessThanOrEqual(pieceBytes);
        expect(missing.some((range) => range.start <= start && end <= range.end)).toBe(true);
        last = end;
      }
    }),
  );
});

it("cuts a transfer that goes on where it cut it before", () => {
  expect(planPieces([{ start: 0, end: 25 }], 10)).toEqual([
    { start: 0, end: 10 },
    { start: 10, end: 20 },
    { start: 20, end: 25 },
  ]);
  expect(planPieces([{ start: 13, end: 25 }], 10)).toEqual([
    { start: 13, end: 20 },
    { start: 20, end: 25 },
  ]);
});

it("leaves an open end open", () => {
  expect(planPieces([{ start: 5, end: Infinity }], 10)).toEqual([{ start: 5, end: Infinity }]);
});

it("chooses pieces between 8 and 64 MiB", () => {
  const MIB = 1024 * 1024;
  expect(pieceBytesFor(MIB, 4)).toBe(8 * MIB);
  expect(pieceBytesFor(320 * MIB, 4)).toBe(20 * MIB);
  expect(pieceBytesFor(100_000 * MIB, 4)).toBe(64 * MIB);
  expect(pieceBytesFor(Infinity, 4)).toBe(64 * MIB);
});
