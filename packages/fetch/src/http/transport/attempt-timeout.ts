/**
 * How long one address of a host may take to accept a connection before the next one is tried.
 * Node's own quarter of a second is shorter than a round trip by satellite.
 */
export const ATTEMPT_TIMEOUT_MS = 1_000;
