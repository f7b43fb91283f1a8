import { setImmediate } from "node:timers/promises";

import type { AbortOptions } from "@store/layout";

/** How long the thread is held at a time: nobody who waits for it notices. */
const BURST_MS = 8;
/** A burst with fewer answers waited for a disk or a network, not for memory. */
const BURST_ANSWERS_MIN = 4;
/** So many items then go without holding the thread, before it is tried again. */
const PATIENT_COUNT = 64;
/** Enough to keep the threads busy that wait for the disk, which are four by default. */
const WAITING_AT_ONCE = 16;

/** Two ways to the same answer. */
export interface Question<T, R> {
  /** Holds the thread; `undefined` leaves the answer to `waiting`. Absent where nothing can block. */
  readonly blocking: ((item: T) => R | undefined) | undefined;
  readonly waiting: (item: T) => Promise<R>;
}

/**
 * Asks a small question about each of many items: in bursts that hold the thread for a few
 * milliseconds while the answers come from memory, and without holding it while they do not.
 *
 * @returns the answers in the order of the items, some at a time
 */
export async function* askInBursts<T, R>(
  items: readonly T[],
  { blocking, waiting }: Question<T, R>,
  { signal }: AbortOptions,
): AsyncGenerator<readonly R[]> {
  for (let at = 0; at < items.length;) {
    signal?.throwIfAborted();
    if (blocking !== undefined) {
      const { answers, slow } = holdThread(items, at, blocking);
      at += answers.length;
      if (answers.length > 0) yield answers;
      await setImmediate();
      if (!slow) continue;
      signal?.throwIfAborted();
    }
    const answers = await waitForAll(items.slice(at, at + PATIENT_COUNT), waiting);
    at += answers.length;
    yield answers;
  }
}

interface Burst<R> {
  readonly answers: readonly R[];
  /** Whether the answers came slowly, or only waiting can give the next one. */
  readonly slow: boolean;
}

function holdThread<T, R>(
  items: readonly T[],
  start: number,
  blocking: (item: T) => R | undefined,
): Burst<R> {
  const answers: R[] = [];
  const end = performance.now() + BURST_MS;
  for (let at = start; at < items.length; at += 1) {
    const answer = blocking(items[at] as T);
    if (answer === undefined) return { answers, slow: true };
    answers.push(answer);
    if (performance.now() > end) return { answers, slow: answers.length < BURST_ANSWERS_MIN };
  }
  return { answers, slow: false };
}

async function waitForAll<T, R>(
  items: readonly T[],
  waiting: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const answers: R[] = [];
  let next = 0;
  async function work(): Promise<void> {
    for (let at = next++; at < items.length; at = next++)
      answers[at] = await waiting(items[at] as T);
  }
  await Promise.all(Array.from({ length: WAITING_AT_ONCE }, work));
  return answers;
}
