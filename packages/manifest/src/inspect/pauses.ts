import { setImmediate } from "node:timers/promises";

import type { AbortOptions } from "@store/layout";

/** How long the thread is held at a time: nobody who waits for it notices. */
const TURN_MS = 10;

/** A promise to wait for when the thread was held for long enough, `undefined` at all other times. */
export type Pauses = () => Promise<void> | undefined;

/** For loops over what a hostile file can make long. */
export function createPauses({ signal }: AbortOptions): Pauses {
  let end = performance.now() + TURN_MS;
  async function pause(): Promise<void> {
    await setImmediate();
    signal?.throwIfAborted();
    end = performance.now() + TURN_MS;
  }
  return () => (performance.now() < end ? undefined : pause());
}
