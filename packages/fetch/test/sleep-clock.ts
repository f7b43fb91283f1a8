import { systemTimers, type Timers } from "../src/http/timers.ts";

export interface SleepClock extends Timers {
  nowMs: number;
}

/** Time that passes only while somebody sleeps, and then at once. */
export function createSleepClock(): SleepClock {
  const clock: SleepClock = {
    ...systemTimers,
    nowMs: 0,
    elapsedMs: () => clock.nowMs,
    async sleep(delayMs) {
      const until = clock.nowMs + delayMs;
      await Promise.resolve();
      clock.nowMs = Math.max(clock.nowMs, until);
    },
  };
  return clock;
}
