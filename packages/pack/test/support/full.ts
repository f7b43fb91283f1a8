import { createRandom } from "./random.ts";

/** Whether the long suites run whole: `pnpm crash` sets it. By default they take a seeded sample. */
export const FULL: boolean = process.env["STORE_TEST_FULL"] !== undefined;

/** Says how much a long suite did, when it ran whole. */
export function report(text: string): void {
  if (FULL) process.stdout.write(`${text}\n`);
}

/** All of a list when the suites run whole, else a seeded sample of it, in its order. */
export function sampleOf<T>(from: readonly T[], count: number, seed: number): readonly T[] {
  if (FULL || from.length <= count) return from;
  const random = createRandom(seed);
  return from
    .map((item, index) => ({ item, index, rank: random.below(2 ** 30) }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, count)
    .toSorted((a, b) => a.index - b.index)
    .map(({ item }) => item);
}
