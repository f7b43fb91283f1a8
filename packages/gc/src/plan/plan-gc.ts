import { StoreError } from "@store/layout";

import type { GcSnapshot } from "../snapshot/gc-snapshot.ts";
import { sealPlan } from "./encode-plan.ts";
import type { GcPlan } from "./gc-plan.ts";
import { type GcPolicy, resolvePolicy } from "./gc-policy.ts";
import { judgeAll } from "./judge-unneeded.ts";
import { planExpired } from "./plan-expired.ts";
import { planPacks } from "./plan-packs.ts";

/**
 * Decides what may go. Pure: the same snapshot and policy give the same plan byte for byte, in
 * whatever order the store was listed.
 *
 * A blob goes if no name, live lease or pin needs it, and either its last name was removed on
 * purpose or sweeps have seen it unreferenced for the minimum age. In a store without any name only
 * the former go, unless the policy allows more.
 *
 * @throws StoreError `ERR_STORE_ROOTS_EMPTY` if there is no name at all and nothing to do but
 * deleting orphans
 * @throws TypeError for a policy that makes no sense
 */
export function planGc(snapshot: GcSnapshot, policy: GcPolicy = {}): GcPlan {
  const resolved = resolvePolicy(policy);
  const judged = judgeAll(snapshot, resolved);
  if (judged.kept.nameless > 0 && judged.candidates.length === 0) {
    throw rootsEmpty(judged.kept.nameless);
  }
  const { candidates, packs, keptPacked } = planPacks(snapshot.packs, judged.candidates, resolved);
  const expired = planExpired(snapshot.expirables, resolved);
  const { referenced, leased, pinned } = snapshot.needed;
  const { young, nameless, unreadable } = judged.kept;
  return sealPlan({
    version: 1,
    takenAtMs: snapshot.takenAtMs,
    candidates,
    kept: { referenced, leased, pinned, unreadable, packed: keptPacked, young, nameless },
    dangling: snapshot.dangling,
    packs,
    expired,
    trashed: snapshot.trashed,
    newOrphans: judged.newOrphans,
    reclaimBytes:
      candidates.reduce((sum, { size }) => sum + size, 0) +
      expired.reduce((sum, { bytes }) => sum + bytes, 0),
  });
}

function rootsEmpty(orphans: number): StoreError {
  return new StoreError(`the store has ${orphans} blobs and not one name, so nothing is deleted`, {
    kind: "conflict",
    code: "ERR_STORE_ROOTS_EMPTY",
    hint: "Bring the names back, or allow an empty set of names to say that the blobs are not needed.",
    detail: { orphans },
  });
}
