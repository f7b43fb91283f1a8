import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createGradualMap } from "./gradual-map.ts";
import { sortSliced } from "./sort-sliced.ts";
import { finishInTurns, finishNow } from "./turns.ts";

describe("sortSliced", () => {
  it("sorts as the language does, and as stably", () => {
    const items = fc.array(
      fc.nat(9).map((key) => ({ key })),
      { maxLength: 9000, size: "max" },
    );
    fc.assert(
      fc.property(items, (given) => {
        const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
        const sorted = finishNow(sortSliced(given, compare));
        const expected = given.toSorted(compare);
        expect(sorted.length).toBe(expected.length);
        expect(sorted.every((item, index) => item === expected[index])).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe("a gradual map", () => {
  it("answers as a map does", () => {
    const key = fc.nat(200).map((value) => (value * 7919).toString(16).padStart(4, "0"));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.nat())), fc.array(key), (entries, asked) => {
        const expected = new Map(entries);
        const map = createGradualMap<string, number>();
        for (const [name, value] of entries) map.set(name, value);
        for (const name of [...expected.keys(), ...asked]) {
          expect(map.get(name)).toBe(expected.get(name));
          expect(map.has(name)).toBe(expected.has(name));
        }
      }),
    );
  });
});

describe("finishInTurns", () => {
  it("lets others have the thread", async () => {
    const others = { turns: 0, go: true };
    const count = (): void => {
      others.turns += 1;
      if (others.go) setImmediate(count);
    };
    setImmediate(count);
    const sum = await finishInTurns(
      (function* () {
        let steps = 0;
        // Ends by itself once somebody else had a turn, which is the point.
        for (; others.turns < 3; steps += 1) yield;
        return steps;
      })(),
    );
    others.go = false;
    expect(sum).toBeGreaterThan(0);
  });

  it("passes on what the work throws", async () => {
    const failure = new Error("no");
    const work = (function* () {
      yield;
      throw failure;
    })();
    await expect(finishInTurns(work)).rejects.toBe(failure);
  });
});
