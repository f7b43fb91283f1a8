import { expect, it } from "vitest";

import { createSleepClock } from "../../test/sleep-clock.ts";
import { createRateLimit } from "./rate-limit.ts";

it("lets so many bytes through in a second, however they come and however many share it", async () => {
  const clock = createSleepClock();
  const limit = createRateLimit(1_000_000, clock);
  async function transfer(bytes: number, step: number): Promise<void> {
    for (let left = bytes; left > 0; left -= step) await limit.take(Math.min(step, left));
  }
  await Promise.all([transfer(3_000_000, 40_000), transfer(2_000_000, 1_000), limit.take(500_000)]);
  expect(clock.nowMs).toBeCloseTo(5_500, 0);
});

it("does not make up for time in which nothing came", async () => {
  const clock = createSleepClock();
  const limit = createRateLimit(1_000, clock);
  clock.nowMs = 60_000;
  await limit.take(1_000);
  expect(clock.nowMs).toBe(61_000);
});

it("refuses a rate at which nothing would ever come", () => {
  expect(() => createRateLimit(0)).toThrow(RangeError);
  expect(() => createRateLimit(Number.NaN)).toThrow(RangeError);
});
