import { isStoreError } from "@store/layout";

import type { Collector } from "./collector.ts";
import { describeError, type Log } from "../log.ts";

/** The first sweep need not wait for a whole period: a daemon may be started anew every day. */
const FIRST_MS = 5 * 60_000;

export interface PeriodicSweepsOptions {
  readonly everyMs: number;
  readonly log: Log;
}

/**
 * Sweeps again and again, one after the other, until it is disposed of; that ends a sweep under way,
 * which gives back what it has moved aside. One that is refused or fails is logged, and tried again
 * a period later.
 */
export function startPeriodicSweeps(
  collector: Pick<Collector, "sweep">,
  { everyMs, log }: PeriodicSweepsOptions,
): AsyncDisposable {
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(begin, Math.min(FIRST_MS, everyMs));

  function begin(): void {
    running = sweep().then(() => {
      if (!ending.signal.aborted) timer = setTimeout(begin, everyMs);
    });
  }

  async function sweep(): Promise<void> {
    try {
      const { freedBytes, destroyed, failed } = await collector.sweep({ signal: ending.signal });
      log({ event: "swept", freedBytes, blobs: destroyed.length, failed: failed.length });
    } catch (error) {
      if (ending.signal.aborted) return;
      const { code } = isStoreError(error) ? error : { code: undefined };
      log({ event: "sweep-failed", code, error: describeError(error) });
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      ending.abort();
      await running;
    },
  };
}
