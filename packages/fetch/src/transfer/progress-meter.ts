import type { Timers } from "../http/timers.ts";
import type { PullEvent } from "../pull-event.ts";

/** Pause between two progress events of a file: smooth to the eye, cheap for a terminal. */
const EVENT_INTERVAL_MS = 100;

/** The rate shown is that of about the last seconds. */
const RATE_WINDOW_MS = 3_000;

export interface ProgressMeter {
  add(bytes: number): void;
  /** Emits the last state, whatever the pause. */
  finish(): void;
}

/** Turns counted bytes into events that are neither too many nor too jumpy. */
export function createProgressMeter(
  file: { readonly path: string; readonly total: number | undefined; readonly received: number },
  timers: Pick<Timers, "elapsedMs">,
  emit: (event: PullEvent) => void,
): ProgressMeter {
  let { received } = file;
  let emittedMs = timers.elapsedMs();
  const samples = [{ atMs: emittedMs, received }];

  function bytesPerSecond(nowMs: number): number {
    samples.push({ atMs: nowMs, received });
    while (samples.length > 2 && nowMs - (samples[1]?.atMs ?? nowMs) >= RATE_WINDOW_MS) {
      samples.shift();
    }
    const [oldest] = samples;
    if (oldest === undefined || nowMs <= oldest.atMs) return 0;
    return Math.round(((received - oldest.received) * 1000) / (nowMs - oldest.atMs));
  }

  function send(nowMs: number): void {
    emittedMs = nowMs;
    const { path, total } = file;
    emit({ kind: "progress", path, received, total, bytesPerSecond: bytesPerSecond(nowMs) });
  }

  return {
    add(bytes) {
      received += bytes;
      const nowMs = timers.elapsedMs();
      if (nowMs - emittedMs >= EVENT_INTERVAL_MS) send(nowMs);
    },
    finish: () => send(timers.elapsedMs()),
  };
}
