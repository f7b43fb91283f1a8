import type { ByteRange } from "@store/layout";
import fc from "fast-check";
import { assert, describe, expect, it } from "vitest";

import { createPieceQueue, noteOpened, type Piece, type PieceQueue } from "./piece-queue.ts";

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
  const queue = createPieceQueue(missing, () => 0);
  const pieces: ByteRange[] = [];
  for (let piece = queue.take(pieceBytes); piece !== undefined; piece = queue.take(pieceBytes)) {
    pieces.push({ start: piece.start, end: piece.end });
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
      expect(createPieceQueue(missing, () => 0).leftBytes).toBe(count(missing));
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
  const queue = createPieceQueue([{ start: 0, end: 100 }], () => 0);
  queue.clear();
  expect(queue.take(10)).toBeUndefined();
});

describe("a queue with nothing left", () => {
  const MIB = 1024 * 1024;
  let nowMs = 0;
  const taken = (...sizes: readonly number[]): { queue: PieceQueue; pieces: readonly Piece[] } => {
    nowMs = 0;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const queue = createPieceQueue([{ start: 0, end: total }], () => nowMs);
    const pieces = sizes.flatMap((size) => queue.take(size) ?? []);
    for (const piece of pieces) noteOpened(piece, nowMs);
    return { queue, pieces };
  };

  it("cuts the piece that would take longest, and nobody brings a byte of it twice", () => {
    const { queue, pieces } = taken(8 * MIB, 8 * MIB);
    const [fast, slow] = pieces;
    assert(fast !== undefined && slow !== undefined);
    nowMs = 100;
    fast.offset += 4 * MIB;
    slow.offset += MIB;
    const rest = queue.split(50);
    expect(rest).toMatchObject({ start: 12.5 * MIB, offset: 12.5 * MIB, end: 16 * MIB });
    expect(slow).toMatchObject({ start: 8 * MIB, end: 12.5 * MIB });
    expect(fast.end).toBe(8 * MIB);
  });

  it("cuts nothing that comes soon, or that is next to nothing", () => {
    const { queue, pieces } = taken(8 * MIB);
    nowMs = 100;
    for (const piece of pieces) piece.offset += 4 * MIB;
    expect(queue.split(100)).toBeUndefined();
    expect(queue.split(99)).toBeDefined();
    const small = taken(256 * 1024);
    nowMs = 60_000;
    expect(small.queue.split(50)).toBeUndefined();
  });

  it("cuts a piece of which nothing comes once that was waited for", () => {
    const { queue } = taken(8 * MIB);
    nowMs = 50;
    expect(queue.split(50)).toBeUndefined();
    nowMs = 51;
    expect(queue.split(50)).toMatchObject({ start: 4 * MIB });
  });

  it("cuts nothing while something is left, of an open end, or once all comes in one stream", () => {
    const { queue } = taken(8 * MIB);
    nowMs = 1_000;
    queue.clear();
    expect(queue.split(50)).toBeUndefined();
    const open = createPieceQueue([{ start: 0, end: Infinity }], () => nowMs);
    open.take(MIB);
    nowMs = 2_000;
    expect(open.split(50)).toBeUndefined();
    const more = createPieceQueue([{ start: 0, end: 8 * MIB }], () => nowMs);
    more.take(4 * MIB);
    nowMs = 9_000;
    expect(more.split(50)).toBeUndefined();
  });

  it("hands on what a piece that is given back did not bring", () => {
    const { queue, pieces } = taken(8 * MIB, 4 * MIB);
    const [first] = pieces;
    assert(first !== undefined);
    first.offset = 3 * MIB;
    queue.giveBack(first);
    expect(queue.leftBytes).toBe(5 * MIB);
    expect(queue.take(8 * MIB)).toMatchObject({ start: 3 * MIB, end: 8 * MIB });
    expect(queue.take(8 * MIB)).toBeUndefined();
  });
});
