import { CHUNK_BYTES } from "@store/layout";

import type { Timers } from "../http/timers.ts";
import { createServedConnections } from "./served-connections.ts";

/** Long enough to tell a rate, short enough to reach many connections within a second. */
const WINDOW_MS = 100;
/** A step up must bring so much more, or it is taken back. */
const GAIN_MIN = 1.2;
/** Gain of a step that doubled the connections and says that each has a limit of its own. */
const GAIN_LINEAR = 1.7;
/** So many windows a step has to show its gain: connections begin slowly, and machines are busy. */
const WINDOWS_PER_STEP = 3;
/**
 * Lines change, and so does what else a machine does: some time after a step was taken back it is
 * tried again, each time after twice as long.
 */
const SETTLED_MS_MIN = 500;
const SETTLED_MS_MAX = 10_000;

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
  /** Notes that an answer began, so long after it was asked for. */
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
 * makes the whole faster: where one fills the line it stays at one, where each is limited it goes to
 * the maximum within half a second.
 */
export function createConnectionTuner(
  connectionsMax: number,
  timers: Pick<Timers, "elapsedMs">,
): ConnectionTuner {
  const server = createServedConnections(connectionsMax, timers);
  let wanted = 1;
  let before = 1;
  /** Rate of the connections there were before the last step; bytes per millisecond. */
  let rateBefore = 0;
  let rate = 0;
  let delayMs = 0;
  let answered = false;
  let settledMs: number | undefined;
  let settleForMs = SETTLED_MS_MIN;
  let windowMs: number | undefined;
  let windowBytes = 0;
  let windowsLeft = WINDOWS_PER_STEP;

  function step(factor: number): void {
    before = wanted;
    rateBefore = rate;
    wanted = Math.min(connectionsMax, wanted * factor);
    windowsLeft = WINDOWS_PER_STEP;
  }

  function settle(nowMs: number, count: number): void {
    wanted = count;
    settledMs = nowMs;
  }

  /** Judges the last step by the rate it led to. */
  function judge(nowMs: number): void {
    if (settledMs !== undefined) {
      if (wanted === connectionsMax || nowMs - settledMs < settleForMs) return;
      settledMs = undefined;
      settleForMs = Math.min(SETTLED_MS_MAX, settleForMs * 2);
      return step(2);
    }
    const gain = rateBefore === 0 ? GAIN_LINEAR : rate / rateBefore;
    if (gain < GAIN_MIN) {
      windowsLeft -= 1;
      return windowsLeft === 0 ? settle(nowMs, before) : undefined;
    }
    settleForMs = SETTLED_MS_MIN;
    if (wanted >= connectionsMax) return settle(nowMs, wanted);
    step(gain >= GAIN_LINEAR && wanted > 1 ? 4 : 2);
  }

  return {
    get wanted() {
      return Math.min(wanted, server.most);
    },
    get patienceMs() {
      return Math.max(PATIENCE_MS_MIN, delayMs * PATIENCE_PER_DELAY);
    },
    opened(tookMs) {
      if (!answered && tookMs >= FAR_MS) wanted = Math.min(connectionsMax, FAR_CONNECTIONS);
      answered = true;
      delayMs = delayMs === 0 ? tookMs : (delayMs * 3 + tookMs) / 4;
    },
    refused: server.refused,
    received(bytes, connections) {
      server.served(connections);
      const nowMs = timers.elapsedMs();
      // A step is measured from when all its connections bring something.
      if (windowMs === undefined || connections < wanted) {
        windowMs = nowMs;
        windowBytes = 0;
        return;
      }
      windowBytes += bytes;
      if (nowMs - windowMs < WINDOW_MS) return;
      rate = windowBytes / (nowMs - windowMs);
      windowMs = undefined;
      judge(nowMs);
    },
    pieceBytes(leftBytes) {
      const perConnection = rate / wanted;
      const worthwhile = perConnection * delayMs * PIECE_PER_DELAY;
      const most = settledMs === undefined ? PROBING_PIECE_BYTES_MAX : PIECE_BYTES_MAX;
      const usual = Math.min(most, Math.max(PIECE_BYTES_MIN, worthwhile));
      // Whole chunks: one that two connections bring has no sum until it is read back.
      return Math.ceil(Math.min(usual, leftBytes / wanted) / CHUNK_BYTES) * CHUNK_BYTES;
    },
  };
}
