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
  /** Tells how the hash gets on while the work goes on. */
  whileVerifying<T>(work: Promise<T>): Promise<T>;
}

/** A file as far as it has come. */
export interface MeteredFile {
  readonly path: string;
  readonly total: number | undefined;
  /** Bytes that are here. */
  readonly received: number;
  /** Bytes that are hashed. */
  verified(): number;
}

/** Turns counted bytes into events that are neither too many nor too jumpy. */
export function createProgressMeter(
  file: MeteredFile,
  timers: Pick<Timers, "elapsedMs" | "after">,
  emit: (event: PullEvent) => void,
): ProgressMeter {
  const { path, total } = file;
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
    const rate = bytesPerSecond(nowMs);
    const verified = file.verified();
    emit({ kind: "progress", path, received, total, verified, bytesPerSecond: rate });
  }

  return {
    add(bytes) {
      received += bytes;
      const nowMs = timers.elapsedMs();
      if (nowMs - emittedMs >= EVENT_INTERVAL_MS) send(nowMs);
    },
    finish: () => send(timers.elapsedMs()),
    async whileVerifying(work) {
      let cancel = (): void => {};
      function tell(): void {
        emit({ kind: "verify", path, verified: file.verified(), total });
        cancel = timers.after(EVENT_INTERVAL_MS, tell);
      }
      tell();
      try {
        return await work;
      } finally {
        cancel();
      }
    },
  };
}
