import fc from "fast-check";
import { expect, it } from "vitest";

import type { ByteRange } from "../byte-source.ts";
import { createRangeSet } from "./range-set.ts";

const SPACE = 40;

/** Empty and reversed ranges included: a caller may compute one. */
const anyRange = fc.record({
  start: fc.integer({ min: 0, max: SPACE }),
  end: fc.integer({ min: 0, max: SPACE }),
});
const properRange = fc
  .tuple(fc.integer({ min: 0, max: SPACE }), fc.integer({ min: 0, max: SPACE }))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

function modelOf(added: readonly ByteRange[]): boolean[] {
  const bytes = Array.from({ length: SPACE }, () => false);
  for (const { start, end } of added) {
    for (let at = start; at < end; at += 1) bytes[at] = true;
  }
  return bytes;
}

function runsOf(bytes: readonly boolean[], value: boolean, within: ByteRange): ByteRange[] {
  const runs: ByteRange[] = [];
  let start: number | undefined;
  for (let at = within.start; at <= within.end; at += 1) {
    const is = at < within.end && bytes[at] === value;
    if (is) start ??= at;
    else if (start !== undefined) {
      runs.push({ start, end: at });
      start = undefined;
    }
  }
  return runs;
}

it("holds exactly the bytes that were added, in any order, as disjoint ranges that never touch", () => {
  fc.assert(
    fc.property(fc.array(anyRange, { maxLength: 12 }), (added) => {
      const set = createRangeSet();
      for (const range of added) set.add(range);
      const model = modelOf(added);
      expect(set.ranges).toEqual(runsOf(model, true, { start: 0, end: SPACE }));
      expect(set.count()).toBe(model.filter(Boolean).length);
      expect(createRangeSet(added).ranges).toEqual(set.ranges);
    }),
  );
});

it("names exactly the bytes of a window that are missing", () => {
  fc.assert(
    fc.property(fc.array(anyRange, { maxLength: 8 }), properRange, (added, within) => {
      expect(createRangeSet(added).missing(within)).toEqual(runsOf(modelOf(added), false, within));
    }),
  );
});

it("has nothing missing once every gap is filled", () => {
  fc.assert(
    fc.property(fc.array(anyRange, { maxLength: 8 }), properRange, (added, within) => {
      const set = createRangeSet(added);
      for (const gap of set.missing(within)) set.add(gap);
      expect(set.missing(within)).toEqual([]);
    }),
  );
});

it("says where the run at an offset ends", () => {
  fc.assert(
    fc.property(
      fc.array(anyRange, { maxLength: 8 }),
      fc.integer({ min: 0, max: SPACE }),
      (added, offset) => {
        const model = modelOf(added);
        let end = offset;
        while (model[end] === true) end += 1;
        expect(createRangeSet(added).endFrom(offset)).toBe(end);
      },
    ),
  );
});
