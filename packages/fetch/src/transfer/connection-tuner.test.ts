import { expect, it } from "vitest";

import { createConnectionTuner } from "./connection-tuner.ts";

const MIB = 1024 * 1024;

/** Runs a transfer over a line for so long: answers how many connections it has in the end. */
function simulate(rateOf: (connections: number) => number, seconds: number, max = 32): number {
  let nowMs = 0;
  const tuner = createConnectionTuner(max, { elapsedMs: () => nowMs });
  for (; nowMs < seconds * 1000; nowMs += 10) {
    tuner.received(rateOf(tuner.wanted) * 10, tuner.wanted);
  }
  return tuner.wanted;
}

it("stays with one connection where that fills the line", () => {
  expect(simulate(() => 1000, 3)).toBe(1);
  expect(simulate((connections) => 1000 / connections ** 0.1, 3)).toBe(1);
});

it("goes to the maximum within a second where each connection is limited", () => {
  expect(simulate((connections) => connections * 10, 1)).toBe(32);
  expect(simulate((connections) => connections * 10, 1, 5)).toBe(5);
});

it("stops where more connections bring no more", () => {
  expect(simulate((connections) => Math.min(connections, 8) * 10, 3)).toBe(8);
});

it("tries again after a while, since lines change", () => {
  let limited = false;
  let nowMs = 0;
  const tuner = createConnectionTuner(16, { elapsedMs: () => nowMs });
  for (; nowMs < 30_000; nowMs += 10) {
    limited = nowMs > 5_000;
    tuner.received(limited ? tuner.wanted * 100 : 1000, tuner.wanted);
  }
  expect(tuner.wanted).toBe(16);
});

it("does not judge a step before all its connections bring something", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(16, { elapsedMs: () => nowMs });
  for (; nowMs < 2_000; nowMs += 10) tuner.received(100, 1);
  expect(tuner.wanted).toBe(2);
});

it("asks for more at once the longer answers take, and for less towards the end", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(1, { elapsedMs: () => nowMs });
  expect(tuner.pieceBytes(1000 * MIB)).toBe(4 * MIB);
  expect(tuner.pieceBytes(3 * MIB)).toBe(2 * MIB);
  expect(tuner.pieceBytes(10)).toBe(MIB);
  tuner.opened(30);
  for (; nowMs < 500; nowMs += 10) tuner.received(MIB / 4, 1);
  expect(tuner.pieceBytes(1000 * MIB)).toBeGreaterThan(12 * MIB);
  tuner.opened(30_000);
  expect(tuner.pieceBytes(1000 * MIB)).toBe(64 * MIB);
});
