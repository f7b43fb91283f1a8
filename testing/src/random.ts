import { createHash } from "node:crypto";

/** Numbers from 0 to below 1 that are the same for the same seed. */
export function createRandom(seed: string): () => number {
  let count = 0;
  return () => {
    count += 1;
    const hash = createHash("sha256").update(`${seed} ${count}`).digest();
    return hash.readUInt32LE() / 2 ** 32;
  };
}

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
