import type { ByteRange } from "@store/layout";
import fc from "fast-check";
import { expect, it } from "vitest";

import { createPieceQueue } from "./piece-queue.ts";

const ranges = fc
  .array(fc.nat(10_000), { maxLength: 20 })
  .map((cuts) => [...new Set(cuts)].sort((a, b) => a - b))
  .map((cuts) =>
    cuts.flatMap((start, index) => {
      const end = cuts[index + 1];
      return index % 2 === 0 && end !== undefined ? [{ start, end }] : [];
    }),
  );

function takeAll(missing: readonly ByteRange[], pieceBytes: number): readonly ByteRange[] {
  const queue = createPieceQueue(missing);
  const pieces: ByteRange[] = [];
  for (let piece = queue.take(pieceBytes); piece !== undefined; piece = queue.take(pieceBytes)) {
    pieces.push(piece);
  }
  expect(queue.leftBytes).toBe(0);
  return pieces;
}

it("cuts ranges into pieces that cover them exactly, in order, none over the limit", () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 3000 }), (missing, pieceBytes) => {
      const pieces = takeAll(missing, pieceBytes);
      const count = (all: readonly ByteRange[]): number =>
        all.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(count(pieces)).toBe(count(missing));
      expect(createPieceQueue(missing).leftBytes).toBe(count(missing));
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
  expect(takeAll([{ start: 13, end: 25 }], 10)).toEqual([
    { start: 13, end: 20 },
    { start: 20, end: 25 },
  ]);
});

it("leaves an open end open, and forgets what it is told to forget", () => {
  expect(takeAll([{ start: 5, end: Infinity }], 10)).toEqual([{ start: 5, end: Infinity }]);
  const queue = createPieceQueue([{ start: 0, end: 100 }]);
  queue.clear();
  expect(queue.take(10)).toBeUndefined();
});
