import { StoreError } from "@store/layout";

import { digestPlan } from "../plan/encode-plan.ts";
import type { GcPlan } from "../plan/gc-plan.ts";

/**
 * Plans that were carried out, or begun. It belongs to the objects rather than to any caller, and
 * holds none of them.
 */
const spent = new WeakSet<GcPlan>();

/**
 * Lets a plan through once, if it is what was planned and recent.
 *
 * Safety does not rest on this: every deletion looks again. It keeps a person from carrying out
 * what they no longer mean.
 *
 * @throws StoreError `ERR_STORE_PLAN_STALE`
 */
export function admitPlan(plan: GcPlan, nowMs: number, ageMsMax: number): void {
  const ageMs = nowMs - plan.takenAtMs;
  // Both directions: a clock that was set back says nothing about the age.
  if (!(Math.abs(ageMs) <= ageMsMax)) {
    throw stale(plan, `was made ${Math.round(ageMs / 1000)} seconds ago`);
  }
  if (digestPlan(plan) !== plan.digest) throw stale(plan, "is not what was planned");
  if (spent.has(plan)) throw stale(plan, "was carried out before");
  spent.add(plan);
}

function stale(plan: GcPlan, why: string): StoreError {
  return new StoreError(`the plan ${why}`, {
    kind: "conflict",
    code: "ERR_STORE_PLAN_STALE",
    hint: "Plan again.",
    detail: { takenAtMs: plan.takenAtMs },
  });
}
