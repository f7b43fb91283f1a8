import { describe, expect, it } from "vitest";

import { parseRange, type RangeAnswer } from "./byte-range.ts";

const SIZE = 10;

describe("parseRange", () => {
  const table: readonly (readonly [string, RangeAnswer])[] = [
    ["bytes=0-0", { start: 0, end: 1 }],
    ["bytes=2-5", { start: 2, end: 6 }],
    ["bytes=9-9", { start: 9, end: 10 }],
    ["bytes=5-", { start: 5, end: 10 }],
    ["bytes=0-", { start: 0, end: 10 }],
    ["bytes=5-99", { start: 5, end: 10 }],
    ["bytes=-3", { start: 7, end: 10 }],
    ["bytes=-10", { start: 0, end: 10 }],
    ["bytes=-99", { start: 0, end: 10 }],
    ["BYTES=1-2", { start: 1, end: 3 }],
    ["bytes= 1-2 ", { start: 1, end: 3 }],
    ["bytes=0001-0002", { start: 1, end: 3 }],
    ["bytes=0-9223372036854775808", { start: 0, end: 10 }],
    [`bytes=0-${"9".repeat(4000)}`, { start: 0, end: 10 }],
    [`bytes=-${"9".repeat(4000)}`, { start: 0, end: 10 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=10-20", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=-000", "unsatisfiable"],
    ["bytes=9223372036854775808-", "unsatisfiable"],
    [`bytes=${"9".repeat(4000)}-`, "unsatisfiable"],
    ["bytes=9007199254740992-9007199254740993", "unsatisfiable"],
    // Ignored: not understood, not well formed, or more than one.
    ["bytes=5-2", "whole"],
    ["bytes=9007199254740993-9007199254740992", "whole"],
    ["bytes=0-1,3-4", "whole"],
    ["bytes=0-,0-,0-", "whole"],
    ["bytes=,", "whole"],
    ["bytes=", "whole"],
    ["bytes=-", "whole"],
    ["bytes=--3", "whole"],
    ["bytes=+1-2", "whole"],
    ["bytes=1-2-3", "whole"],
    ["bytes=0x1-0x2", "whole"],
    ["bytes=1e0-2", "whole"],
    ["bytes=1.0-2", "whole"],
    ["bytes=١-٢", "whole"],
    ["bytes:0-1", "whole"],
    ["items=0-1", "whole"],
    ["0-1", "whole"],
    ["", "whole"],
  ];
  it.each(table)("answers %j as RFC 9110 says", (field, answer) => {
    expect(parseRange(field, SIZE)).toEqual(answer);
  });

  it("takes a missing field for the whole", () => {
    expect(parseRange(null, SIZE)).toBe("whole");
  });

  it("finds nothing in an empty blob but the whole of it", () => {
    expect(parseRange("bytes=0-", 0)).toBe("unsatisfiable");
    expect(parseRange("bytes=0-0", 0)).toBe("unsatisfiable");
    expect(parseRange("bytes=-0", 0)).toBe("unsatisfiable");
    expect(parseRange("bytes=-5", 0)).toBe("whole");
  });

  it("gives what slicing gives, for every pair of positions around small blobs", () => {
    for (let size = 0; size <= 6; size += 1) {
      const bytes = Uint8Array.from({ length: size }, (_, index) => index);
      for (let first = 0; first <= 8; first += 1) {
        check(bytes, `bytes=${first}-`, bytes.slice(first));
        check(bytes, `bytes=-${first}`, first === 0 ? bytes.slice(size) : bytes.slice(-first));
        for (let last = first; last <= 8; last += 1) {
          check(bytes, `bytes=${first}-${last}`, bytes.slice(first, last + 1));
        }
      }
    }
  });

  it("gives what arithmetic gives, for ranges of blobs of any size", () => {
    const random = createRandom(20_261_121);
    for (let round = 0; round < 20_000; round += 1) {
      const size = random(2 ** random(52)) + 1;
      const first = random(2 ** random(53));
      const last = first + random(2 ** random(52));
      const answer = parseRange(`bytes=${first}-${last}`, size);
      const expected =
        first >= size ? "unsatisfiable" : { start: first, end: Math.min(last + 1, size) };
      expect(answer, `bytes=${first}-${last} of ${size}`).toEqual(expected);
    }
  });
});

/** An empty slice is what cannot be satisfied; for a suffix of an empty blob it is the whole. */
function check(bytes: Uint8Array, field: string, slice: Uint8Array): void {
  const answer = parseRange(field, bytes.length);
  if (slice.length === 0) {
    const isSuffixOfNothing = bytes.length === 0 && /^bytes=-[1-9]/.test(field);
    expect(answer, field).toBe(isSuffixOfNothing ? "whole" : "unsatisfiable");
    return;
  }
  if (typeof answer === "string") expect.fail(`${field} of ${bytes.length}: ${answer}`);
  expect(bytes.slice(answer.start, answer.end), field).toEqual(slice);
  expect(answer.end).toBeLessThanOrEqual(bytes.length);
}

/** Reproducible integers in `[0, below)`: a 32-bit multiply-with-carry step, twice. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return (below) => Math.floor(((next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53) * below);
}
