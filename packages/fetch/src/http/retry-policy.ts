/** When a failed request is tried again. */
export interface RetryPolicy {
  /** Failures in a row, without progress, before giving up. */
  readonly attemptsMax: number;
  /** Pause after the first failure; doubles with each further one. */
  readonly delayMs: number;
  readonly delayMsMax: number;
}

/**
 * Five attempts over about fifteen seconds outlast a restarting server or a changing network;
 * whoever wants more runs the pull again, and loses nothing.
 */
export const defaultRetryPolicy: RetryPolicy = {
  attemptsMax: 5,
  delayMs: 500,
  delayMsMax: 30_000,
};
