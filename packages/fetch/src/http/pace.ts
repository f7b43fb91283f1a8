import { upstreamTimeout } from "./http-errors.ts";
import type { Timers } from "./timers.ts";

/**
 * Slowest body that is not given up: over a minute of waiting, so many bytes must arrive. A server
 * that sends a byte now and then would hold a transfer for ever.
 */
const RATE_WINDOW_MS = 60_000;
const RATE_BYTES_MIN = 16 * 1024;

/** Watches that a body does not drip. Counts only time spent waiting for the server. */
export interface Pace {
  /**
   * Notes that so many bytes came after a wait.
   *
   * @throws StoreError `ERR_STORE_UPSTREAM_TIMEOUT`
   */
  add(waitedMs: number, bytes: number): void;
}

export function createPace(url: URL): Pace {
  let windowMs = 0;
  let windowBytes = 0;
  return {
    add(waitedMs, bytes) {
      windowMs += waitedMs;
      windowBytes += bytes;
      if (windowMs < RATE_WINDOW_MS) return;
      if (windowBytes < RATE_BYTES_MIN) {
        throw upstreamTimeout(`only ${windowBytes} bytes in ${Math.round(windowMs)} ms`, url);
      }
      windowMs = 0;
      windowBytes = 0;
    },
  };
}

/** Calls back once when nothing was noted for so long while somebody waited. */
export interface Silence {
  /** Somebody waits from now on. */
  begin(): void;
  /** Something came. */
  note(): void;
  /** Nobody waits any more. */
  end(): void;
}

/** One timer for any number of bytes: it looks at its end whether anything came meanwhile. */
export function createSilence(
  timers: Pick<Timers, "after" | "elapsedMs">,
  limitMs: number,
  onSilence: () => void,
): Silence {
  let waiting = false;
  let lastMs = 0;
  let cancel: (() => void) | undefined;

  function arm(delayMs: number): void {
    cancel = timers.after(delayMs, () => {
      cancel = undefined;
      if (!waiting) return;
      const leftMs = lastMs + limitMs - timers.elapsedMs();
      // Timers may fire a moment early.
      if (leftMs > 1) arm(leftMs);
      else onSilence();
    });
  }
  return {
    begin() {
      waiting = true;
      lastMs = timers.elapsedMs();
      if (cancel === undefined) arm(limitMs);
    },
    note() {
      lastMs = timers.elapsedMs();
    },
    end() {
      waiting = false;
      cancel?.();
      cancel = undefined;
    },
  };
}
