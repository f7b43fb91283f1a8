import type { HastyTimers } from "./open-ports.ts";

export interface ManualTimers extends HastyTimers {
  /** Lets time go by: what is due is called. */
  pass(ms: number): void;
}

/** A clock that stands still until a test moves it. Pauses take no time. */
export function createManualTimers(): ManualTimers {
  const pauses: number[] = [];
  const pending = new Set<{ readonly atMs: number; readonly call: () => void }>();
  let nowMs = 0;
  return {
    pauses,
    elapsedMs: () => nowMs,
    idleMs: () => nowMs,
    random: () => 0.5,
    after(delayMs, call) {
      const entry = { atMs: nowMs + delayMs, call };
      pending.add(entry);
      return () => void pending.delete(entry);
    },
    async sleep(delayMs, { signal } = {}) {
      signal?.throwIfAborted();
      pauses.push(delayMs);
    },
    pass(ms) {
      nowMs += ms;
      for (const entry of [...pending].filter(({ atMs }) => atMs <= nowMs)) {
        pending.delete(entry);
        entry.call();
      }
    },
  };
}
