import type { Digest } from "@store/layout";

import type { DigestTable } from "../digests/digest-table.ts";
import type { GcBlobInfo } from "../ports.ts";
import type { UnneededBlob, UnneededBlobs } from "./gc-snapshot.ts";

/** What was found under a listed digest. Absent ones are left out of the table. */
export type BlobFinding = GcBlobInfo | "absent" | "unreadable";

export interface UnneededTableBuilder {
  /** Digests by their place in this table, ascending. */
  readonly digests: Iterable<readonly [number, Digest]>;
  set(index: number, finding: BlobFinding): void;
  /** Takes over a record; one about any other blob is ignored. */
  setSince(digest: Digest, sinceMs: number): void;
  build(): UnneededBlobs;
}

const ABSENT = 0;
const UNREADABLE = 1;
const HELD = 2;
const RELEASED = 3;

/**
 * Columns instead of objects: 29 bytes a blob, because after a large mistake everything in a store
 * of a million blobs can be unneeded.
 *
 * @param places places in `blobs`, ascending
 */
export function createUnneededTableBuilder(
  blobs: DigestTable,
  places: Uint32Array,
): UnneededTableBuilder {
  const sizes = new Float64Array(places.length);
  const addedAtMs = new Float64Array(places.length);
  const sinceMs = new Float64Array(places.length).fill(Number.NaN);
  const states = new Uint8Array(places.length);

  const digestAt = (index: number): Digest => blobs.at(places[index] as number);

  function indexOf(digest: Digest): number {
    const place = blobs.indexOf(digest);
    return place < 0 ? -1 : findAscending(places, place);
  }

  function at(index: number): UnneededBlob | undefined {
    const state = states[index];
    if (state === undefined || state === ABSENT) return undefined;
    const since = sinceMs[index] as number;
    return {
      digest: digestAt(index),
      size: sizes[index] as number,
      addedAtMs: addedAtMs[index] as number,
      released: state === RELEASED,
      readable: state !== UNREADABLE,
      sinceMs: Number.isNaN(since) ? undefined : since,
    };
  }

  return {
    digests: {
      *[Symbol.iterator]() {
        for (let index = 0; index < places.length; index++) yield [index, digestAt(index)];
      },
    },
    set(index, finding) {
      if (finding === "absent") return;
      states[index] = UNREADABLE;
      if (finding === "unreadable") return;
      states[index] = finding.released ? RELEASED : HELD;
      sizes[index] = finding.size;
      addedAtMs[index] = finding.addedAtMs;
    },
    setSince(digest, since) {
      const index = indexOf(digest);
      if (index >= 0) sinceMs[index] = since;
    },
    build: () => ({
      size: states.reduce((count, state) => count + (state === ABSENT ? 0 : 1), 0),
      find: (digest) => at(indexOf(digest)),
      *[Symbol.iterator]() {
        for (let index = 0; index < places.length; index++) {
          const blob = at(index);
          if (blob !== undefined) yield blob;
        }
      },
    }),
  };
}

function findAscending(values: Uint32Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return values[low] === wanted ? low : -1;
}
