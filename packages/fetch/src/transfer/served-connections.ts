import type { Timers } from "../http/timers.ts";

/** A server that refused a connection gets one more after so long, each time after twice as long. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 60_000;

/** How many connections a server bears. */
export interface ServedConnections {
  /** The most to have now. */
  readonly most: number;
  /** Notes that it refused one while it served so many, and how long it asks to be left alone. */
  refused(connections: number, askedMs: number): void;
  /** Notes that it serves so many now. */
  served(connections: number): void;
}

/** No bound but the given one until the server refuses; then those it served, and slowly more. */
export function createServedConnections(
  connectionsMax: number,
  { elapsedMs }: Pick<Timers, "elapsedMs">,
): ServedConnections {
  let most = connectionsMax;
  let pauseMs = PAUSE_MS_MIN;
  let againMs = 0;
  let isRefusing = false;
  return {
    get most() {
      return most;
    },
    refused(connections, askedMs) {
      const nowMs = elapsedMs();
      // Of several refusals at once the first counts.
      if (!isRefusing) pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2);
      isRefusing = true;
      againMs = Math.max(againMs, nowMs + Math.max(pauseMs, askedMs));
      most = Math.max(1, Math.min(most, connections));
    },
    served(connections) {
      // Answers to requests of the same moment come in any order.
      most = Math.min(connectionsMax, Math.max(most, connections));
      if (most === connectionsMax || elapsedMs() < againMs) return;
      most += 1;
      isRefusing = false;
      againMs = elapsedMs() + pauseMs;
    },
  };
}
