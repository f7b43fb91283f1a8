import { setImmediate } from "node:timers/promises";

import type { AbortOptions } from "@store/layout";

/** How long the thread is held at a time: nobody who waits for it notices. */
const TURN_MS = 10;

/** A promise to wait for when the thread was held for long enough, `undefined` at all other times. */
export type Pauses = () => Promise<void> | undefined;

/**
 * For loops over what a hostile file can make long.
 *
 * @param every how many calls it takes until the clock is looked at, where each stands for little
 */
export function createPauses({ signal }: AbortOptions, every = 1): Pauses {
  let end = performance.now() + TURN_MS;
  let calls = 0;
  async function pause(): Promise<void> {
    await setImmediate();
    signal?.throwIfAborted();
    end = performance.now() + TURN_MS;
  }
  return () => {
    calls += 1;
    return calls % every !== 0 || performance.now() < end ? undefined : pause();
  };
}
