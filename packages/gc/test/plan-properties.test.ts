import { type Digest, isStoreError } from "@store/layout";
import { FULL } from "@store/testing";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import {
  createSnapshot,
  decodePlan,
  encodePlan,
  explain,
  formatPlan,
  type GcPlan,
  type GcPolicy,
  ORPHAN_AGE_MS_MIN,
  planGc,
  simulateGc,
} from "../src/index.ts";
import {
  snapshots,
  type SnapshotLists,
  someRoots,
  TAKEN_AT_MS,
} from "./support/arbitrary-snapshot.ts";
import { seed } from "./support/seed.ts";

/** Of each of the properties: more than 10,000 stores in all by default. */
// Cases take as long as they take.
vi.setConfig({ testTimeout: FULL ? 1_800_000 : 120_000 });

const RUNS = { numRuns: FULL ? 25_000 : 2_000, seed };

function planOf(lists: SnapshotLists, policy: GcPolicy = { allowEmpty: true }): GcPlan {
  return planGc(createSnapshot(lists), policy);
}

const goes = ({ candidates }: GcPlan): readonly Digest[] => candidates.map(({ digest }) => digest);

/** Why a digest must stay, worked out the slow way. */
function mustStay(lists: SnapshotLists, digest: Digest): boolean {
  const blob = lists.blobs.find((one) => one.digest === digest);
  const since = lists.orphanSince.find(([of]) => of === digest)?.[1];
  const seenForMs = since === undefined || since > TAKEN_AT_MS ? 0 : TAKEN_AT_MS - since;
  return (
    blob === undefined ||
    lists.roots.some(({ digests }) => digests.includes(digest)) ||
    lists.leases.some(({ digests, live }) => live && digests.includes(digest)) ||
    lists.pins.some(({ digests, live }) => live && digests.includes(digest)) ||
    lists.trashed.includes(digest) ||
    (blob.released !== true && seenForMs < ORPHAN_AGE_MS_MIN)
  );
}

describe("a plan over any store", () => {
  it("never has a candidate that is referenced, leased, pinned, young or absent", () => {
    fc.assert(
      fc.property(snapshots, (lists) => {
        for (const digest of goes(planOf(lists))) expect(mustStay(lists, digest)).toBe(false);
      }),
      RUNS,
    );
  });

  it("counts every blob once: as a candidate, as kept, or as in the trash", () => {
    fc.assert(
      fc.property(snapshots, (lists) => {
        const plan = planOf(lists);
        const kept = Object.values(plan.kept).reduce((sum, count) => sum + count, 0);
        const inTrash = lists.blobs.filter(({ digest }) => lists.trashed.includes(digest)).length;
        expect(plan.candidates.length + kept + inTrash).toBe(lists.blobs.length);
      }),
      RUNS,
    );
  });

  it("leaves nothing to do for a second run", () => {
    fc.assert(
      fc.property(snapshots, (lists) => {
        const plan = planOf({ ...lists, packs: [] });
        const left = new Set(
          simulateGc(
            lists.blobs.map(({ digest }) => digest),
            plan,
          ),
        );
        const blobs = lists.blobs.filter(({ digest }) => left.has(digest));
        expect(planOf({ ...lists, packs: [], blobs }).candidates).toEqual([]);
      }),
      RUNS,
    );
  });

  it("does not depend on the order in which the store was listed", () => {
    const shuffled = snapshots.chain((lists) =>
      fc.record({
        lists: fc.constant(lists),
        blobs: fc.shuffledSubarray([...lists.blobs], { minLength: lists.blobs.length }),
        roots: fc.shuffledSubarray([...lists.roots], { minLength: lists.roots.length }),
        leases: fc.shuffledSubarray([...lists.leases], { minLength: lists.leases.length }),
        pins: fc.shuffledSubarray([...lists.pins], { minLength: lists.pins.length }),
        packs: fc.shuffledSubarray([...(lists.packs ?? [])], {
          minLength: lists.packs?.length ?? 0,
        }),
        expirables: fc.shuffledSubarray([...(lists.expirables ?? [])], {
          minLength: lists.expirables?.length ?? 0,
        }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ lists, ...order }) => {
        expect(encodePlan(planOf({ ...lists, ...order }))).toEqual(encodePlan(planOf(lists)));
      }),
      RUNS,
    );
  });

  it("gains no candidate when names are added", () => {
    fc.assert(
      fc.property(snapshots, someRoots, (lists, more) => {
        const before = new Set(goes(planOf({ ...lists, packs: [] })));
        const after = goes(planOf({ ...lists, packs: [], roots: [...lists.roots, ...more] }));
        expect(after.filter((digest) => !before.has(digest))).toEqual([]);
      }),
      RUNS,
    );
  });

  it("takes only released blobs, or refuses, where there is no name", () => {
    fc.assert(
      fc.property(snapshots, (lists) => {
        const nameless = { ...lists, roots: [] };
        try {
          const reasons = planOf(nameless, {}).candidates.map(({ reason }) => reason);
          expect(reasons.filter((reason) => reason !== "released")).toEqual([]);
        } catch (error) {
          expect(isStoreError(error, "ERR_STORE_ROOTS_EMPTY")).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it("survives being written and read, and is explained blob by blob", () => {
    fc.assert(
      fc.property(snapshots, (lists) => {
        const plan = planOf({ ...lists, packs: [] });
        expect(decodePlan(encodePlan(plan))).toEqual(plan);
        expect(formatPlan(plan)).toMatch(/\n$/);
        const snapshot = createSnapshot(lists);
        const candidates = new Map(plan.candidates.map(({ digest, reason }) => [digest, reason]));
        for (const { digest } of lists.blobs) {
          const { verdict } = explain(snapshot, digest, { allowEmpty: true });
          const going = verdict === "released" || verdict === "orphan" ? verdict : undefined;
          expect(going).toBe(candidates.get(digest));
        }
      }),
      RUNS,
    );
  });

  it("keeps all or nothing of a pack's unneeded objects", () => {
    fc.assert(
      fc.property(snapshots, (lists) => {
        const plan = planOf(lists);
        const going = new Set(goes(plan));
        const rewritten = new Map(plan.packs.map(({ id, drop }) => [id, drop]));
        for (const { id, digests } of lists.packs ?? []) {
          const expected = digests.filter((digest) => going.has(digest)).sort();
          expect(rewritten.get(id) ?? []).toEqual(expected);
        }
      }),
      RUNS,
    );
  });
});
