import { expect, it } from "vitest";

import { createConnectionTuner } from "./connection-tuner.ts";

const MIB = 1024 * 1024;

/** Runs a transfer over a line for so long: answers how many connections it has most of the time. */
function simulate(rateOf: (connections: number) => number, seconds: number, max = 32): number {
  let nowMs = 0;
  const tuner = createConnectionTuner(max, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  const times = new Map<number, number>();
  for (; nowMs < seconds * 1000; nowMs += 10) {
    tuner.received(rateOf(tuner.wanted) * 10, tuner.wanted);
    if (nowMs > 500) times.set(tuner.wanted, (times.get(tuner.wanted) ?? 0) + 1);
  }
  // It goes on trying; what counts is where it stays.
  const [most] = [...times].toSorted(([, a], [, b]) => b - a);
  return most?.[0] ?? tuner.wanted;
}

it("stays with one connection where that fills the line", () => {
  expect(simulate(() => 1000, 3)).toBe(1);
  expect(simulate((connections) => 1000 / connections ** 0.1, 3)).toBe(1);
});

it("is not misled by a step whose connections begin slowly", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(32, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  let steps = 0;
  let since = 0;
  for (; nowMs < 2_000; nowMs += 10) {
    if (tuner.wanted !== steps) [steps, since] = [tuner.wanted, nowMs];
    const begun = nowMs - since < 150 ? steps / 2 : steps;
    tuner.received(begun * 100, tuner.wanted);
  }
  expect(tuner.wanted).toBe(32);
});

it("adds none for a thread that has no time for more, and has fewer where they do as well", () => {
  let nowMs = 0;
  let idleMs = 0;
  let workShare = 0.3;
  const tuner = createConnectionTuner(32, { elapsedMs: () => nowMs, idleMs: () => idleMs });
  function run(ms: number, rateOf: (connections: number) => number): void {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 10, idleMs += 10 * (1 - workShare)) {
      tuner.received(rateOf(tuner.wanted) * 10, tuner.wanted);
    }
  }
  run(1_000, (connections) => connections * 100);
  expect(tuner.wanted).toBe(32);
  // Now the line brings all there is over one connection, but for some work on each.
  workShare = 0.9;
  run(15_000, (connections) => 3000 - 10 * connections);
  expect(tuner.wanted).toBe(1);
  run(30_000, (connections) => connections * 100);
  expect(tuner.wanted).toBe(1);
  workShare = 0.3;
  run(30_000, (connections) => connections * 100);
  expect(tuner.wanted).toBe(32);
});

it("tries fewer seldom where each connection has a limit of its own", () => {
  let nowMs = 0;
  let idleMs = 0;
  const tuner = createConnectionTuner(32, { elapsedMs: () => nowMs, idleMs: () => idleMs });
  let fewerMs = 0;
  for (; nowMs < 60_000; nowMs += 10, idleMs += 10) {
    tuner.received(tuner.wanted * 100, tuner.wanted);
    if (nowMs > 1_000 && tuner.wanted < 32) fewerMs += 10;
  }
  expect(fewerMs).toBeGreaterThan(0);
  expect(fewerMs).toBeLessThan(1_000);
});

it("is not kept small by a thread that is busy at first", () => {
  let nowMs = 0;
  let idleMs = 0;
  const tuner = createConnectionTuner(32, { elapsedMs: () => nowMs, idleMs: () => idleMs });
  tuner.opened(30);
  for (; nowMs < 1_500; nowMs += 10, idleMs += nowMs < 250 ? 0 : 10)
    tuner.received(tuner.wanted * 100, tuner.wanted);
  expect(tuner.wanted).toBe(32);
});

it("pays little for trying fewer where connections are slow to end", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(32, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  let delivering = 1;
  let lessSinceMs = 0;
  let fewerMs = 0;
  for (; nowMs < 120_000; nowMs += 10) {
    if (tuner.wanted >= delivering) [delivering, lessSinceMs] = [tuner.wanted, nowMs];
    // Each still brings its piece to an end.
    else if (nowMs - lessSinceMs > 4_000) delivering = tuner.wanted;
    tuner.received(delivering * 100, delivering);
    if (nowMs > 1_000 && tuner.wanted < 32) fewerMs += 10;
  }
  expect(fewerMs).toBeGreaterThan(0);
  expect(fewerMs).toBeLessThan(10_000);
});

it("tries again soon after a step brought nothing, and more and more seldom", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(32, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  const triedMs: number[] = [];
  let wanted = tuner.wanted;
  for (; nowMs < 40_000; nowMs += 10) {
    tuner.received(1000, tuner.wanted);
    if (tuner.wanted > wanted) triedMs.push(nowMs);
    wanted = tuner.wanted;
  }
  const pauses = triedMs.slice(1).map((ms, index) => ms - (triedMs[index] ?? 0));
  expect(pauses[0]).toBeLessThan(1_000);
  expect(pauses.length).toBeLessThan(9);
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
});

it("begins with a few connections where the server is far away", () => {
  const tuner = createConnectionTuner(32, { elapsedMs: () => 0, idleMs: () => 0 });
  tuner.opened(30);
  expect(tuner.wanted).toBe(8);
  tuner.opened(30);
  expect(tuner.wanted).toBe(8);
  const narrow = createConnectionTuner(2, { elapsedMs: () => 0, idleMs: () => 0 });
  narrow.opened(30);
  expect(narrow.wanted).toBe(2);
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
  const tuner = createConnectionTuner(16, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  for (; nowMs < 30_000; nowMs += 10) {
    limited = nowMs > 5_000;
    tuner.received(limited ? tuner.wanted * 100 : 1000, tuner.wanted);
  }
  expect(tuner.wanted).toBe(16);
});

it("does not judge a step before all its connections bring something", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(16, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  for (; nowMs < 2_000; nowMs += 10) tuner.received(100, 1);
  expect(tuner.wanted).toBe(2);
});

it("asks for more at once the longer answers take", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(1, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  expect(tuner.pieceBytes(1000 * MIB)).toBe(4 * MIB);
  expect(tuner.pieceBytes(3 * MIB)).toBe(4 * MIB);
  tuner.opened(100);
  for (; nowMs < 90; nowMs += 10) tuner.received(MIB / 4, 1);
  // More connections may follow, and need something to do.
  expect(tuner.pieceBytes(1000 * MIB)).toBeLessThanOrEqual(8 * MIB);
  for (; nowMs < 500; nowMs += 10) tuner.received(MIB / 4, 1);
  expect(tuner.pieceBytes(1000 * MIB)).toBeGreaterThan(12 * MIB);
  tuner.opened(30_000);
  expect(tuner.pieceBytes(1000 * MIB)).toBe(64 * MIB);
});

it("cuts a piece only if its rest takes much longer than an answer", () => {
  const tuner = createConnectionTuner(32, { elapsedMs: () => 0, idleMs: () => 0 });
  expect(tuner.patienceMs).toBe(400);
  tuner.opened(300);
  expect(tuner.patienceMs).toBe(900);
});

it("has no more connections than a server that refuses some has served, and slowly more", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(16, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  for (; nowMs < 2_000; nowMs += 10) tuner.received(tuner.wanted * 100, tuner.wanted);
  expect(tuner.wanted).toBe(16);
  for (let burst = 0; burst < 12; burst += 1) tuner.refused(3, 0);
  expect(tuner.wanted).toBe(3);
  // One whose answer was still on its way is served as well.
  tuner.received(1, 4);
  expect(tuner.wanted).toBe(4);
  const tried: number[] = [];
  const start = nowMs;
  for (; nowMs < start + 60_000; nowMs += 10) {
    tuner.received(400, 4);
    if (tuner.wanted <= 4) continue;
    tried.push(nowMs - start);
    tuner.refused(4, 0);
  }
  expect(tried[0]).toBeGreaterThanOrEqual(1_900);
  expect(tried.length).toBeLessThan(6);
  for (; nowMs < start + 1_200_000; nowMs += 10) tuner.received(tuner.wanted * 100, tuner.wanted);
  expect(tuner.wanted).toBe(16);
});

it("leaves a server alone for as long as it asks", () => {
  let nowMs = 0;
  const tuner = createConnectionTuner(4, { elapsedMs: () => nowMs, idleMs: () => nowMs });
  tuner.opened(30);
  tuner.refused(1, 30_000);
  for (; nowMs < 29_000; nowMs += 10) tuner.received(100, 1);
  expect(tuner.wanted).toBe(1);
  for (; nowMs < 31_000; nowMs += 10) tuner.received(100, 1);
  expect(tuner.wanted).toBe(2);
});
