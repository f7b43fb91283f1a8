import { createRandom } from "../crowd/random.ts";

/** Whether the long suites run whole: `pnpm crash` sets it. By default they take a seeded sample. */
export const FULL: boolean = process.env["STORE_TEST_FULL"] !== undefined;

/** A seeded sample of a list, in the list's order. */
export function pick<T>(from: readonly T[], count: number, seed: string): readonly T[] {
  const random = createRandom(seed);
  return from
    .map((item, index) => ({ item, index, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, count)
    .toSorted((a, b) => a.index - b.index)
    .map(({ item }) => item);
}

/** Says how much a long suite did, when it ran whole. */
export function report(text: string): void {
  if (FULL) process.stdout.write(`${text}\n`);
}
