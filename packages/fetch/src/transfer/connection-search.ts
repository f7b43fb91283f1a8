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

/** What a line brought in some time over as many connections as were wanted. */
export interface RateWindow {
  /** When it ended. */
  readonly nowMs: number;
  /** Bytes per millisecond. */
  readonly rate: number;
  /** Of the time, this thread was at work. */
  readonly workShare: number;
}

/** Another number of connections, watched. */
interface Trial {
  /** What there was before, and at which rate; 0 if unknown. */
  readonly from: number;
  readonly rate: number;
  readonly beganMs: number;
  windowsLeft: number;
}

/** Looks for the number of connections that is worth having. */
export interface ConnectionSearch {
  readonly wanted: number;
  /** Whether no other number is being tried. */
  readonly settled: boolean;
  /** Begins with so many. */
  begin(connections: number): void;
  /** Judges the last step by the rate it led to, or begins another one if it is time. */
  judge(window: RateWindow): void;
}

/** Begins with one, and steps up and down while that pays; see `createConnectionTuner`. */
export function createConnectionSearch(connectionsMax: number): ConnectionSearch {
  let wanted = 1;
  let trial: Trial | undefined = { from: 1, rate: 0, beganMs: 0, windowsLeft: WINDOWS_PER_STEP };
  /** When the next one may begin, and how long to wait after one that was in vain. */
  let againMs = 0;
  let pauseMs = PAUSE_MS_MIN;
  let isDownNext = false;

  function attempt({ nowMs, rate }: RateWindow, count: number): void {
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
  function attemptNext(window: RateWindow): void {
    const canGrow = wanted < connectionsMax && window.workShare < WORK_SHARE_MAX;
    const isDown = wanted > 1 && (isDownNext || !canGrow);
    isDownNext = !isDown;
    if (isDown) attempt(window, Math.ceil(wanted / 2));
    else if (canGrow) attempt(window, Math.min(connectionsMax, wanted * 2));
    else settle(window.nowMs, wanted, pauseMs);
  }

  function judgeFewer(tried: Trial, window: RateWindow): void {
    const { nowMs } = window;
    const gain = window.rate / tried.rate;
    if (gain >= 1 - LOSS_MAX) {
      pauseMs = PAUSE_MS_MIN;
      if (wanted > 1) attempt(window, Math.ceil(wanted / 2));
      else settle(nowMs, wanted, PAUSE_MS_MIN);
      return;
    }
    tried.windowsLeft -= 1;
    const isClear = gain < 1 - LOSS_CLEAR;
    // On a slow line it takes long until connections have ended, and each try costs as much.
    const forMs = isClear ? PAUSE_PER_LOSS * (nowMs - tried.beganMs) : 0;
    if (isClear || tried.windowsLeft === 0) giveUp(tried, nowMs, forMs);
  }

  function judgeMore(tried: Trial, window: RateWindow): void {
    const gain = tried.rate === 0 ? GAIN_LINEAR : window.rate / tried.rate;
    if (gain < GAIN_MIN) {
      tried.windowsLeft -= 1;
      if (tried.windowsLeft === 0) giveUp(tried, window.nowMs, 0);
      return;
    }
    const isLinear = gain >= GAIN_LINEAR && wanted > 1;
    if (wanted < connectionsMax && window.workShare < WORK_SHARE_MAX) {
      pauseMs = PAUSE_MS_MIN;
      attempt(window, Math.min(connectionsMax, wanted * (isLinear ? 4 : 2)));
      return;
    }
    // Where each connection has its own limit, fewer would bring less, and there are no more.
    const isDone = isLinear && tried.rate > 0 && wanted === connectionsMax;
    settle(window.nowMs, wanted, isDone ? PAUSE_MS_MAX : PAUSE_MS_MIN);
  }

  return {
    get wanted() {
      return wanted;
    },
    get settled() {
      return trial === undefined;
    },
    begin(connections) {
      wanted = connections;
    },
    judge(window) {
      if (trial === undefined) {
        if (window.nowMs >= againMs) attemptNext(window);
      } else if (wanted < trial.from) judgeFewer(trial, window);
      else judgeMore(trial, window);
    },
  };
}
