import type { Digest } from "@store/layout";
import fc from "fast-check";

import type { GcPin, Root, SnapshotBlob, SnapshotInput } from "../../src/index.ts";
import { digestOf } from "./digests.ts";

const HOUR_MS = 3_600_000;
export const TAKEN_AT_MS: number = 1_000 * HOUR_MS;

/** Few enough that everything meets everything. */
const pool: readonly Digest[] = Array.from({ length: 12 }, (_, index) => digestOf(index));
const someDigests = fc.uniqueArray(fc.constantFrom(...pool), { maxLength: pool.length });

/** Times around every bound there is, the future included. */
const times = fc
  .constantFrom(-1_001, -1_000, -48, -24, -23, -1, 0, 1, 48)
  .map((hours) => TAKEN_AT_MS + hours * HOUR_MS);

const blobs: fc.Arbitrary<readonly SnapshotBlob[]> = fc.uniqueArray(
  fc.record({
    digest: fc.constantFrom(...pool),
    size: fc.nat({ max: 1_000 }),
    addedAtMs: times,
    released: fc.boolean(),
  }),
  { selector: ({ digest }) => digest },
);

export const someRoots: fc.Arbitrary<readonly Root[]> = fc.array(
  fc.record({ name: fc.constantFrom("a", "b", "c", "d"), digests: someDigests }),
  { maxLength: 4 },
);

/** What {@link createSnapshot} takes, with lists that can be shuffled. */
export interface SnapshotLists extends SnapshotInput {
  readonly blobs: readonly SnapshotBlob[];
  readonly roots: readonly Root[];
  readonly leases: readonly { id: string; digests: Digest[]; reason: string; live: boolean }[];
  readonly pins: readonly GcPin[];
  readonly orphanSince: readonly (readonly [Digest, number])[];
  readonly trashed: readonly Digest[];
}

export const snapshots: fc.Arbitrary<SnapshotLists> = fc.record({
  takenAtMs: fc.constant(TAKEN_AT_MS),
  blobs,
  roots: someRoots,
  leases: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("1", "2", "3"),
      digests: someDigests,
      reason: fc.constant("pull"),
      live: fc.boolean(),
    }),
    { selector: ({ id }) => id },
  ),
  pins: fc.array(
    fc.record({
      subject: fc.constantFrom("a", "b"),
      digests: someDigests,
      reason: fc.constant("test"),
      live: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  orphanSince: fc.uniqueArray(fc.tuple(fc.constantFrom(...pool), times), {
    selector: ([digest]) => digest,
  }),
  trashed: fc.uniqueArray(fc.constantFrom(...pool), { maxLength: 2 }),
  packs: fc.uniqueArray(fc.record({ id: fc.constantFrom("p", "q", "r"), digests: someDigests }), {
    selector: ({ id }) => id,
  }),
  expirables: fc.uniqueArray(
    fc.record({
      kind: fc.constantFrom("partial", "quarantine", "unheard-of"),
      id: fc.constantFrom("x", "y", "z"),
      ageMs: fc.integer({ min: -HOUR_MS, max: 1_000 * HOUR_MS }),
      bytes: fc.nat({ max: 1_000 }),
    }),
    { selector: ({ kind, id }) => `${kind} ${id}` },
  ),
});
