import type { Timers } from "../http/timers.ts";

/** Long enough to tell a rate, short enough to reach many connections within a second. */
const WINDOW_MS = 100;
/** A step up must bring so much more, or it is taken back. */
const GAIN_MIN = 1.2;
/** Gain of a step that doubled the connections and says that each has a limit of its own. */
const GAIN_LINEAR = 1.7;
/** Lines change: so long after settling another step up is tried. */
const SETTLED_MS = 10_000;

/** Answers take time to begin; so many times what comes in that time is asked for at once. */
const PIECE_PER_DELAY = 20;
const MIB = 1024 * 1024;
const PIECE_BYTES_MIN = 4 * MIB;
const PIECE_BYTES_MAX = 64 * MIB;
/** Towards the end pieces get smaller, so that no connection is waited for alone. */
const LAST_PIECE_BYTES_MIN = MIB;

/** Finds out how many connections, and pieces of which size, a line can use. */
export interface ConnectionTuner {
  /** Connections that are worth having now. */
  readonly wanted: number;
  /** Notes that an answer began, so long after it was asked for. */
  opened(delayMs: number): void;
  /** Notes bytes that came over `connections` connections. */
  received(bytes: number, connections: number): void;
  /** Bytes to ask for at once. */
  pieceBytes(leftBytes: number): number;
}

/**
 * Begins with one connection and adds more while that makes the whole faster: where one fills the
 * line it stays at one, where each is limited it goes to the maximum within a second.
 */
export function createConnectionTuner(
  connectionsMax: number,
  timers: Pick<Timers, "elapsedMs">,
): ConnectionTuner {
  let wanted = 1;
  let before = 1;
  /** Rate of the connections there were before the last step; bytes per millisecond. */
  let rateBefore = 0;
  let rate = 0;
  let delayMs = 0;
  let settledMs: number | undefined;
  let windowMs: number | undefined;
  let windowBytes = 0;

  function step(factor: number): void {
    before = wanted;
    rateBefore = rate;
    wanted = Math.min(connectionsMax, wanted * factor);
  }

  function settle(nowMs: number, count: number): void {
    wanted = count;
    settledMs = nowMs;
  }

  /** Judges the last step by the rate it led to. */
  function judge(nowMs: number): void {
    if (settledMs !== undefined) {
      if (nowMs - settledMs < SETTLED_MS) return;
      settledMs = undefined;
      return step(2);
    }
    const gain = rateBefore === 0 ? GAIN_LINEAR : rate / rateBefore;
    if (gain < GAIN_MIN) return settle(nowMs, before);
    if (wanted >= connectionsMax) return settle(nowMs, wanted);
    step(gain >= GAIN_LINEAR && wanted > 1 ? 4 : 2);
  }

  return {
    get wanted() {
      return wanted;
    },
    opened(tookMs) {
      delayMs = delayMs === 0 ? tookMs : (delayMs * 3 + tookMs) / 4;
    },
    received(bytes, connections) {
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
      const usual = Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, worthwhile));
      const share = Math.max(LAST_PIECE_BYTES_MIN, leftBytes / (2 * wanted));
      return Math.ceil(Math.min(usual, share) / MIB) * MIB;
    },
  };
}
