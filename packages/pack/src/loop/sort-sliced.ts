import type { Sliced } from "./turns.ts";

/** Few enough to sort in about a millisecond. */
const RUN_COUNT = 2048;

/** A sorted copy, stable, made in slices: short runs sorted at once, then merged two by two. */
export function* sortSliced<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Sliced<readonly T[]> {
  let runs: T[][] = [];
  for (let start = 0; start < items.length; start += RUN_COUNT) {
    runs.push(items.slice(start, start + RUN_COUNT).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      // Both are there: the length has been looked at.
      const [a, b] = [runs[index] as T[], runs[index + 1]];
      merged.push(b === undefined ? a : yield* merge(a, b, compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Sliced<T[]> {
  const merged: T[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length || atB < b.length) {
    const takesA = atB === b.length || (atA < a.length && compare(a[atA] as T, b[atB] as T) <= 0);
    merged.push((takesA ? a[atA++] : b[atB++]) as T);
    if (merged.length % RUN_COUNT === 0) yield;
  }
  return merged;
}
