import type { AbortOptions } from "@store/layout";

import { retryDelayMs } from "./retry-delay.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { Timers } from "./timers.ts";

/**
 * Bytes that make a failed attempt count as progress. Less than this, connection after connection,
 * is a server that drips, not a network that breaks.
 */
const PROGRESS_BYTES_MIN = 256 * 1024;

export interface RetryEvent {
  readonly error: unknown;
  /** Failures in a row so far. */
  readonly attempt: number;
  readonly delayMs: number;
}

export interface RetryContext {
  readonly retry: RetryPolicy;
  readonly timers: Timers;
  onRetry?(event: RetryEvent): void;
}

/**
 * Runs an attempt until it succeeds, its failure is final, or the policy's attempts are used up.
 * An attempt that goes on where the last one stopped says how far it got: then the count of
 * failures begins anew.
 */
export async function retrying<T>(
  attempt: (progress: (bytes: number) => void) => Promise<T>,
  { retry, timers, onRetry }: RetryContext,
  { signal }: AbortOptions = {},
): Promise<T> {
  let failures = 0;
  let bytesSince = 0;
  function progress(bytes: number): void {
    bytesSince += bytes;
    if (bytesSince >= PROGRESS_BYTES_MIN) failures = 0;
  }
  for (;;) {
    try {
      return await attempt(progress);
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      bytesSince = 0;
      const delayMs = retryDelayMs(error, failures, retry, timers.random());
      if (delayMs === undefined) throw error;
      onRetry?.({ error, attempt: failures, delayMs });
      await timers.sleep(delayMs, { signal });
    }
  }
}
