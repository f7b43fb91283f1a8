/** What one daemon takes from its clients. Loopback clients are close, and may still be hostile. */
export interface ServerLimits {
  /** Open connections. Past it the one that has been idle longest makes room. */
  readonly connectionsMax: number;
  /** Requests of one connection that wait for the answer before theirs. */
  readonly pipelinedMax: number;
  /** From the first byte of a request to the end of its fields. */
  readonly headersMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveMs: number;
  /** How long a client may take nothing of what is ready for it. */
  readonly stallMs: number;
  /** How often `headersMs` is looked at. */
  readonly checkMs: number;
  /** Bytes of a request's line and fields together. */
  readonly headerBytesMax: number;
}

export const SERVER_LIMITS: ServerLimits = {
  // Each may hold one chunk of 1 MiB on its way to a slow client: 128 MiB in the worst case.
  connectionsMax: 128,
  // apt, the deepest pipeliner left, sends ten.
  pipelinedMax: 16,
  // A request is a few hundred bytes from the same machine; nobody honest takes this long.
  headersMs: 10_000,
  keepAliveMs: 5_000,
  // A client that writes to a slow disk takes something every few seconds.
  stallMs: 60_000,
  checkMs: 1_000,
  // A name has at most 600 bytes, nine times that when every one is escaped; browsers add 2 KiB.
  headerBytesMax: 16 * 1024,
};
