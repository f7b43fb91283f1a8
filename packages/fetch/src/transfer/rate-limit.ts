import type { AbortOptions } from "@store/layout";

import { systemTimers, type Timers } from "../http/timers.ts";

/** So often a second bytes are counted: smooth for the line, seldom enough for the machine. */
const STEPS_PER_SECOND = 8;
const STEP_BYTES_MIN = 16 * 1024;

/** A bound on bytes per second that any number of transfers share. */
export interface RateLimit {
  /** The most bytes to read before the next `take`. */
  readonly stepBytes: number;
  /** Counts bytes that came, and waits until they are within the limit. */
  take(bytes: number, options?: AbortOptions): Promise<void>;
}

/** Hand the same one to all pulls of a process to limit them together. */
export function createRateLimit(bytesPerSecond: number, timers: Timers = systemTimers): RateLimit {
  if (!(bytesPerSecond > 0)) throw new RangeError(`not a rate: ${bytesPerSecond}`);
  let freeMs = 0;
  return {
    stepBytes: Math.max(STEP_BYTES_MIN, Math.floor(bytesPerSecond / STEPS_PER_SECOND)),
    async take(bytes, options) {
      const nowMs = timers.elapsedMs();
      freeMs = Math.max(freeMs, nowMs) + (bytes * 1000) / bytesPerSecond;
      await timers.sleep(freeMs - nowMs, options);
    },
  };
}
