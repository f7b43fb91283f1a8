import type { AbortOptions } from "@store/layout";

import { createPauses, type Pauses } from "./pauses.ts";

/** Sorted at once, in some milliseconds. */
const RUN_COUNT = 16_384;

/** `toSorted` for any number of items, with pauses in which others have the thread. */
export async function sortInTurns<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  options: AbortOptions,
): Promise<readonly T[]> {
  const pauses = createPauses(options);
  let runs: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += RUN_COUNT) {
    runs.push(items.slice(start, start + RUN_COUNT).toSorted(compare));
    await pauses();
  }
  while (runs.length > 1) {
    const longer: (readonly T[])[] = [];
    for (let at = 0; at < runs.length; at += 2)
      longer.push(await merge(runs[at] ?? [], runs[at + 1] ?? [], compare, pauses));
    runs = longer;
  }
  return runs[0] ?? [];
}

async function merge<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
  pauses: Pauses,
): Promise<readonly T[]> {
  const merged: T[] = [];
  let [atLeft, atRight] = [0, 0];
  while (atLeft < left.length && atRight < right.length) {
    const [a, b] = [left[atLeft] as T, right[atRight] as T];
    if (compare(a, b) <= 0) {
      merged.push(a);
      atLeft += 1;
    } else {
      merged.push(b);
      atRight += 1;
    }
    if (merged.length % RUN_COUNT === 0) await pauses();
  }
  return merged.concat(left.slice(atLeft), right.slice(atRight));
}
