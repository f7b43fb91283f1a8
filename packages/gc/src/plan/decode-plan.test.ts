import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { digestOf } from "../../test/support/digests.ts";
import { createSnapshot } from "../snapshot/create-snapshot.ts";
import { decodePlan } from "./decode-plan.ts";
import { digestPlan, encodePlan } from "./encode-plan.ts";
import type { GcPlan } from "./gc-plan.ts";
import { planGc } from "./plan-gc.ts";

const plan = planGc(
  createSnapshot({
    takenAtMs: 5,
    blobs: [{ digest: digestOf("x"), size: 3, released: true }],
    roots: [{ name: 'quote " and \u2028', digests: [digestOf("missing")] }],
  }),
);

function refused(value: unknown): boolean {
  try {
    decodePlan(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
    return false;
  } catch (error) {
    return isStoreError(error, "ERR_STORE_PLAN_INVALID");
  }
}

/** A change that carries a matching digest, as whoever may write the file can make. */
function resealed(change: Record<string, unknown>): unknown {
  const changed = { ...plan, ...change } as unknown as GcPlan;
  return { ...changed, digest: digestPlan(changed) };
}

describe("a plan as text", () => {
  it("is the same for the same plan, with its fields in a fixed order", () => {
    const { version, ...rest } = plan;
    expect(encodePlan({ ...rest, version })).toEqual(encodePlan(plan));
    expect(Buffer.from(encodePlan(plan)).toString()).toMatch(/^\{"version":1,"digest":"sha256:/);
    expect(decodePlan(encodePlan(plan))).toEqual(plan);
  });

  it("has a digest that depends on every field", () => {
    const digests = [
      plan,
      resealed({ takenAtMs: 6 }),
      resealed({ candidates: [] }),
      resealed({ kept: { ...plan.kept, young: 1 } }),
      resealed({ dangling: [] }),
      resealed({ packs: [{ id: "p", drop: [] }] }),
      resealed({ expired: [{ kind: "k", id: "i", bytes: 0 }] }),
      resealed({ trashed: [digestOf("t")] }),
      resealed({ newOrphans: [digestOf("t")] }),
      resealed({ reclaimBytes: 9 }),
    ].map((one) => (one as GcPlan).digest);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("is refused when it is damaged, cut short, or no plan at all", () => {
    const text = Buffer.from(encodePlan(plan)).toString();
    expect(refused(text.slice(0, -3))).toBe(true);
    expect(refused(text.replace('"size":3', '"size":4'))).toBe(true);
    for (const value of ["", "null", "[]", "{}", "1", { ...plan, version: 2 }]) {
      expect(refused(value)).toBe(true);
    }
  });

  it("is refused when it names anything but digests, even with a digest that fits", () => {
    const traversal = { digest: "sha256:../../../../etc/passwd", size: 1, reason: "orphan" };
    expect(refused(resealed({ candidates: [traversal] }))).toBe(true);
    expect(refused(resealed({ candidates: [{ ...plan.candidates[0], reason: "because" }] }))).toBe(
      true,
    );
    expect(refused(resealed({ candidates: [{ ...plan.candidates[0], size: -1 }] }))).toBe(true);
    expect(refused(resealed({ trashed: ["x"] }))).toBe(true);
    expect(refused(resealed({ packs: [{ id: "p", drop: ["x"] }] }))).toBe(true);
    expect(refused({ ...plan, more: 1 })).toBe(true);
  });
});
