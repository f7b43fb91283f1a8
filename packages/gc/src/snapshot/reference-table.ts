import type { Digest } from "@store/layout";

import type { DigestTable } from "../digests/digest-table.ts";
import type { Root } from "../ports.ts";

/** Which root needs which blob, as places in the table of blobs: four bytes a reference. */
export interface ReferenceTable {
  /** Number of roots. */
  readonly size: number;
  /** Names of the roots that need a digest, sorted. */
  rootsOf(digest: Digest): readonly string[];
}

export interface ReferenceTableBuilder {
  add(root: Root): void;
  /** What roots need and the table of blobs lacks, with the names of those roots. */
  readonly missing: ReadonlyMap<Digest, readonly string[]>;
  build(): ReferenceTable;
}

/** References a builder makes room for at first. */
const REFERENCES_MIN = 256;

/** @param onReference told the place of every blob that a root needs */
export function createReferenceTableBuilder(
  blobs: DigestTable,
  onReference: (place: number) => void,
): ReferenceTableBuilder {
  const names: string[] = [];
  /** For each root, where its references end. */
  const ends: number[] = [];
  const missing = new Map<Digest, string[]>();
  let places = new Uint32Array(REFERENCES_MIN);
  let count = 0;

  function addPlace(place: number): void {
    if (count === places.length) {
      const larger = new Uint32Array(count * 2);
      larger.set(places);
      places = larger;
    }
    places[count] = place;
    count += 1;
    onReference(place);
  }

  function addMissing(digest: Digest, name: string): void {
    const known = missing.get(digest);
    if (known === undefined) missing.set(digest, [name]);
    else if (known.at(-1) !== name) known.push(name);
  }

  return {
    missing,
    add({ name, digests }) {
      for (const digest of digests) {
        const place = blobs.indexOf(digest);
        if (place >= 0) addPlace(place);
        else addMissing(digest, name);
      }
      names.push(name);
      ends.push(count);
    },
    build: () => ({
      size: names.length,
      rootsOf(digest) {
        const place = blobs.indexOf(digest);
        if (place < 0) return sortedOnce(missing.get(digest) ?? []);
        const found: string[] = [];
        let root = 0;
        for (let at = 0; at < count; at++) {
          // Every reference lies before the end of some root.
          while ((ends[root] as number) <= at) root += 1;
          if (places[at] === place) found.push(names[root] as string);
        }
        return sortedOnce(found);
      },
    }),
  };
}

function sortedOnce(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
