import type { Digest } from "@store/layout";

import type { Root } from "../ports.ts";

/**
 * How many roots need each digest, in ascending order of the digests. A digest named twice by one
 * root counts once; one that no root names is not in the map.
 */
export function countReferences(roots: Iterable<Root>): ReadonlyMap<Digest, number> {
  const counts = new Map<Digest, number>();
  for (const { digests } of roots) {
    for (const digest of new Set(digests)) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The roots as they are after every root of that name is gone. An unknown name changes nothing. */
export function withoutRoot(roots: Iterable<Root>, name: string): readonly Root[] {
  return [...roots].filter((root) => root.name !== name);
}
