// Long work in small slices, so that nobody else on the thread waits for the end of it.

import { setImmediate } from "node:timers/promises";

/** Longest work without a pause. Others are served several times in what a person notices. */
const SLICE_MS = 5;

let start = performance.now();
let nextTurn: Promise<void> | undefined;

async function waitForTurn(): Promise<void> {
  await setImmediate();
  start = performance.now();
  nextTurn = undefined;
}

/**
 * When those who work without waiting have to let others have the thread. There is one for all of
 * them: eight packs that are opened at once take one slice together, not one each.
 */
export const turns = {
  /** Whether the slice is used up. Then `await turns.pause()`. */
  isOver: (): boolean => performance.now() - start > SLICE_MS,
  pause: (): Promise<void> => (nextTurn ??= waitForTurn()),
};

/** Work that stops for a moment at each `yield`, every few thousand steps. */
export type Sliced<T> = Generator<void, T, void>;

/** Does it without a pause: for little work, or for a caller who cannot wait. */
export function finishNow<T>(work: Sliced<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Does it in slices. */
export async function finishInTurns<T>(work: Sliced<T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (turns.isOver()) await turns.pause();
  }
}

/** Items between two pauses: about a millisecond's work with a few look-ups each. */
const ITEMS_PER_SLICE = 1024;

/** Shows every item to `visit`, in slices. */
export function* visitSliced<T>(items: Iterable<T>, visit: (item: T) => void): Sliced<void> {
  let count = 0;
  for (const item of items) {
    if (count++ % ITEMS_PER_SLICE === 0) yield;
    visit(item);
  }
}
