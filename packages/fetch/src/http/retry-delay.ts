import { isStoreError } from "@store/layout";

import type { RetryPolicy } from "./retry-policy.ts";

/**
 * Longest pause a server can ask of us. Whoever asks for more gets no second request: the user
 * learns at once when to come back, instead of watching a command that sleeps.
 */
const RETRY_AFTER_MS_MAX = 60_000;

/**
 * The pause before the next attempt, or `undefined` where trying again is pointless.
 *
 * @param attempt how many attempts failed in a row, 1 or more
 * @param random in [0, 1): half of the pause is jitter, so that many clients do not come back at once
 */
export function retryDelayMs(
  error: unknown,
  attempt: number,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  if (attempt >= policy.attemptsMax) return undefined;
  if (!isStoreError(error) || error.detail["transient"] !== true) return undefined;
  const asked = error.detail["retryAfterMs"];
  const backoffMs = Math.min(policy.delayMsMax, policy.delayMs * 2 ** (attempt - 1));
  const ownMs = backoffMs * (0.5 + random / 2);
  if (typeof asked !== "number") return ownMs;
  return asked > RETRY_AFTER_MS_MAX ? undefined : Math.max(asked, ownMs);
}
