import type { AbortOptions } from "@store/layout";

/** Time as the transfers need it: monotonic, so that a jump of the wall clock changes nothing. */
export interface Timers {
  /** Milliseconds since some fixed point. */
  elapsedMs(): number;
  /** Milliseconds this thread had nothing to do, since some fixed point. */
  idleMs(): number;
  /** Calls back once after a while, unless cancelled by the function it returns. */
  after(delayMs: number, callback: () => void): () => void;
  /** Waits; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(delayMs: number, options?: AbortOptions): Promise<void>;
  /** Random number in [0, 1), for jitter. */
  random(): number;
}

export const systemTimers: Timers = {
  elapsedMs: () => performance.now(),
  idleMs: () => performance.eventLoopUtilization().idle,
  random: () => Math.random(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  async sleep(delayMs, { signal } = {}) {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, delayMs);
      signal?.addEventListener("abort", abort, { once: true });
    });
  },
};
