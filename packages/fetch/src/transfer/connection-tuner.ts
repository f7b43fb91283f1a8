import { CHUNK_BYTES } from "@store/layout";

import type { Timers } from "../http/timers.ts";
import { createConnectionSearch } from "./connection-search.ts";
import { createServedConnections } from "./served-connections.ts";

/** Long enough to tell a rate, short enough to reach many connections within a second. */
const WINDOW_MS = 100;
/** From so far away hardly a server fills the line with one connection. */
const FAR_MS = 10;
const FAR_CONNECTIONS = 8;

/**
 * A piece is worth cutting if the rest of it takes so many times as long as an answer to begin, and
 * so long that what is on its way already, and comes twice, is little beside it.
 */
const PATIENCE_PER_DELAY = 3;
const PATIENCE_MS_MIN = 400;

/** Answers take time to begin; so many times what comes in that time is asked for at once. */
const PIECE_PER_DELAY = 8;
const MIB = 1024 * 1024;
const PIECE_BYTES_MIN = CHUNK_BYTES;
const PIECE_BYTES_MAX = 64 * MIB;
/** While connections may still be added, so that something is left for them. */
const PROBING_PIECE_BYTES_MAX = 8 * MIB;

/** Finds out how many connections, and pieces of which size, a line can use. */
export interface ConnectionTuner {
  /** Connections that are worth having now. */
  readonly wanted: number;
  /** How long the rest of a piece must take for it to be worth cutting. */
  readonly patienceMs: number;
  /** Notes that an answer began, and how long this thread waited for it. */
  opened(delayMs: number): void;
  /** Notes that the server refused a connection while it served so many, and how long it asks for peace. */
  refused(connections: number, pauseMs: number): void;
  /** Notes bytes that came over `connections` connections. */
  received(bytes: number, connections: number): void;
  /** Bytes to ask for at once. */
  pieceBytes(leftBytes: number): number;
}

/**
 * Begins with one connection, or a few where the answer came from far away, and adds more while that
 * makes the whole faster: where one fills the line, or this thread, it stays at one, where each is
 * limited it goes to the maximum within half a second. Where fewer do as well it goes back to them.
 */
export function createConnectionTuner(
  connectionsMax: number,
  timers: Pick<Timers, "elapsedMs" | "idleMs">,
): ConnectionTuner {
  const server = createServedConnections(connectionsMax, timers);
  const search = createConnectionSearch(connectionsMax);
  const most = (): number => Math.min(search.wanted, server.most);
  let rate = 0;
  let delayMs = 0;
  let answered = false;
  let start: { readonly ms: number; readonly idleMs: number } | undefined;
  let windowBytes = 0;

  return {
    get wanted() {
      return most();
    },
    get patienceMs() {
      return Math.max(PATIENCE_MS_MIN, delayMs * PATIENCE_PER_DELAY);
    },
    opened(tookMs) {
      if (!answered && tookMs >= FAR_MS) search.begin(Math.min(connectionsMax, FAR_CONNECTIONS));
      answered = true;
      delayMs = delayMs === 0 ? tookMs : (delayMs * 3 + tookMs) / 4;
    },
    refused: server.refused,
    received(bytes, connections) {
      server.served(connections);
      const nowMs = timers.elapsedMs();
      // A step is measured from when as many connections as it means bring something.
      if (start === undefined || connections !== search.wanted) {
        start = { ms: nowMs, idleMs: timers.idleMs() };
        windowBytes = 0;
        return;
      }
      windowBytes += bytes;
      const tookMs = nowMs - start.ms;
      if (tookMs < WINDOW_MS) return;
      rate = windowBytes / tookMs;
      const workShare = 1 - (timers.idleMs() - start.idleMs) / tookMs;
      start = undefined;
      search.judge({ nowMs, rate, workShare });
    },
    pieceBytes(leftBytes) {
      const count = most();
      const perConnection = rate / count;
      const worthwhile = perConnection * delayMs * PIECE_PER_DELAY;
      const bytesMax = search.settled ? PIECE_BYTES_MAX : PROBING_PIECE_BYTES_MAX;
      const usual = Math.min(bytesMax, Math.max(PIECE_BYTES_MIN, worthwhile));
      // Whole chunks: one that two connections bring has no sum until it is read back.
      return Math.ceil(Math.min(usual, leftBytes / count) / CHUNK_BYTES) * CHUNK_BYTES;
    },
  };
}
