import { constants } from "node:os";

/** What of a process receives signals and can end it. */
export interface SignalTarget {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Takes no more signals: the next one ends the process as it would any other. */
  release(): void;
}

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
/** A shell adds this to the number of the signal that ended a process. */
const EXIT_CODE_OF_SIGNALS = 128;
/** Long enough to write a journal to a slow disk, short enough for a person who waits. */
const GRACE_MS = 2_000;

/**
 * The first signal asks the command to end and gives it two seconds; the second ends the process at
 * once. Both are safe: whatever is on disk was left in an order that survives a crash.
 *
 * The reason of the abort is an `AbortError` whose `exitCode` is what a shell expects of a process
 * that this signal ended: 130 for SIGINT.
 */
export function createInterrupt(target: SignalTarget): Interrupt {
  const controller = new AbortController();

  function listener(signal: NodeJS.Signals): void {
    const exitCode = EXIT_CODE_OF_SIGNALS + constants.signals[signal];
    if (controller.signal.aborted) {
      target.exit(exitCode);
      return;
    }
    controller.abort(
      Object.assign(new Error(`ended by ${signal}`), { name: "AbortError", exitCode } as const),
    );
    setTimeout(() => target.exit(exitCode), GRACE_MS).unref();
  }

  for (const signal of SIGNALS) target.on(signal, listener);
  return {
    signal: controller.signal,
    release() {
      for (const signal of SIGNALS) target.off(signal, listener);
    },
  };
}
