import { CHUNK_BYTES } from "@store/layout";

import type { Timers } from "../http/timers.ts";
import { createServedConnections } from "./served-connections.ts";

/** Long enough to tell a rate, short enough to reach many connections within a second. */
const WINDOW_MS = 100;
/** A step up must bring so much more, or it is taken back. */
const GAIN_MIN = 1.2;
/** Gain of a step that doubled the connections and says that each has a limit of its own. */
const GAIN_LINEAR = 1.7;
/** A step down may cost so much, or it is taken back; one that costs more is not even watched longer. */
const LOSS_MAX = 0.05;
const LOSS_CLEAR = 0.3;
/** So many windows a step has to show its gain: connections begin slowly, and machines are busy. */
const WINDOWS_PER_STEP = 3;
/** A thread that is at work for so much of the time is what limits the line: more to do is no help. */
const WORK_SHARE_MAX = 0.6;
/**
 * Lines change, and so does what else a machine does: some time after a step was taken back another
 * one is tried, each time after twice as long.
 */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 10_000;
/** After fewer connections brought clearly less: so many times as long as it took to see that. */
const PAUSE_PER_LOSS = 20;

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

/** Another number of connections, watched. */
interface Trial {
  /** What there was before, and at which rate; bytes per millisecond, 0 if unknown. */
  readonly from: number;
  readonly rate: number;
  readonly beganMs: number;
  windowsLeft: number;
}

/** What one window showed. */
interface Window {
  readonly nowMs: number;
  /** Of the time, this thread was at work. */
  readonly workShare: number;
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
  let wanted = 1;
  let rate = 0;
  let delayMs = 0;
  let answered = false;
  let trial: Trial | undefined = { from: 1, rate: 0, beganMs: 0, windowsLeft: WINDOWS_PER_STEP };
  /** When the next one may begin, and how long to wait after one that was in vain. */
  let againMs = 0;
  let pauseMs = PAUSE_MS_MIN;
  let isDownNext = false;
  let start: { readonly ms: number; readonly idleMs: number } | undefined;
  let windowBytes = 0;

  function attempt(nowMs: number, count: number): void {
    trial = { from: wanted, rate, beganMs: nowMs, windowsLeft: WINDOWS_PER_STEP };
    wanted = count;
  }

  function settle(nowMs: number, count: number, forMs: number): void {
    trial = undefined;
    wanted = count;
    againMs = nowMs + forMs;
  }

  function giveUp({ from }: Trial, nowMs: number, forMs: number): void {
    settle(nowMs, from, Math.max(pauseMs, forMs));
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2);
  }

  /** Tries fewer and more in turn, as far as there is room. */
  function attemptNext({ nowMs, workShare }: Window): void {
    const canGrow = wanted < connectionsMax && workShare < WORK_SHARE_MAX;
    const isDown = wanted > 1 && (isDownNext || !canGrow);
    isDownNext = !isDown;
    if (isDown) attempt(nowMs, Math.ceil(wanted / 2));
    else if (canGrow) attempt(nowMs, Math.min(connectionsMax, wanted * 2));
    else settle(nowMs, wanted, pauseMs);
  }

  function judgeFewer(tried: Trial, { nowMs }: Window): void {
    const gain = rate / tried.rate;
    if (gain >= 1 - LOSS_MAX) {
      pauseMs = PAUSE_MS_MIN;
      if (wanted > 1) attempt(nowMs, Math.ceil(wanted / 2));
      else settle(nowMs, wanted, PAUSE_MS_MIN);
      return;
    }
    tried.windowsLeft -= 1;
    const isClear = gain < 1 - LOSS_CLEAR;
    // On a slow line it takes long until connections have ended, and each try costs as much.
    const forMs = isClear ? PAUSE_PER_LOSS * (nowMs - tried.beganMs) : 0;
    if (isClear || tried.windowsLeft === 0) giveUp(tried, nowMs, forMs);
  }

  function judgeMore(tried: Trial, window: Window): void {
    const gain = tried.rate === 0 ? GAIN_LINEAR : rate / tried.rate;
    if (gain < GAIN_MIN) {
      tried.windowsLeft -= 1;
      if (tried.windowsLeft === 0) giveUp(tried, window.nowMs, 0);
      return;
    }
    const isLinear = gain >= GAIN_LINEAR && wanted > 1;
    if (wanted < connectionsMax && window.workShare < WORK_SHARE_MAX) {
      pauseMs = PAUSE_MS_MIN;
      attempt(window.nowMs, Math.min(connectionsMax, wanted * (isLinear ? 4 : 2)));
      return;
    }
    // Where each connection has its own limit, fewer would bring less, and there are no more.
    const isDone = isLinear && tried.rate > 0 && wanted === connectionsMax;
    settle(window.nowMs, wanted, isDone ? PAUSE_MS_MAX : PAUSE_MS_MIN);
  }

  function judge(window: Window): void {
    if (trial === undefined) {
      if (window.nowMs >= againMs) attemptNext(window);
    } else if (wanted < trial.from) judgeFewer(trial, window);
    else judgeMore(trial, window);
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
      // A step is measured from when as many connections as it means bring something.
      if (start === undefined || connections !== wanted) {
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
      judge({ nowMs, workShare });
    },
    pieceBytes(leftBytes) {
      const count = Math.min(wanted, server.most);
      const perConnection = rate / count;
      const worthwhile = perConnection * delayMs * PIECE_PER_DELAY;
      const most = trial !== undefined ? PROBING_PIECE_BYTES_MAX : PIECE_BYTES_MAX;
      const usual = Math.min(most, Math.max(PIECE_BYTES_MIN, worthwhile));
      // Whole chunks: one that two connections bring has no sum until it is read back.
      return Math.ceil(Math.min(usual, leftBytes / count) / CHUNK_BYTES) * CHUNK_BYTES;
    },
  };
}
