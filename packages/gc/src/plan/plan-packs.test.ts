import { describe, expect, it } from "vitest";

import { digestOf } from "../../test/support/digests.ts";
import { planPacks } from "./plan-packs.ts";

const [a, b, c, d] = ["a", "b", "c", "d"].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];
const policy = { packLiveShareMax: 0.5 };
const candidates = (digests: readonly (typeof a)[]) =>
  digests.toSorted().map((digest) => ({ digest, size: 1, reason: "orphan" as const }));

describe("planPacks", () => {
  it("rewrites a pack of which no more than the share is needed", () => {
    const packs = [{ id: "p", digests: [a, b] }];
    const plan = planPacks(packs, candidates([a]), policy);
    expect(plan.packs).toEqual([{ id: "p", drop: [a] }]);
    expect(plan.candidates).toHaveLength(1);
  });

  it("leaves a pack alone that is mostly needed, and keeps what lies in it", () => {
    const packs = [{ id: "p", digests: [a, b, c] }];
    const plan = planPacks(packs, candidates([a, d]), policy);
    expect(plan.packs).toEqual([]);
    expect(plan.candidates.map(({ digest }) => digest)).toEqual([d]);
    expect(plan.keptPacked).toBe(1);
  });

  it("drops nowhere what another pack keeps", () => {
    const packs = [
      { id: "mostly needed", digests: [a, b, c] },
      { id: "unneeded", digests: [a, d] },
    ];
    const plan = planPacks(packs, candidates([a, d]), policy);
    expect(plan.packs).toEqual([{ id: "unneeded", drop: [d] }]);
    expect(plan.candidates.map(({ digest }) => digest)).toEqual([d]);
  });

  it("leaves alone packs that hold nothing, or nothing unneeded", () => {
    const packs = [
      { id: "empty", digests: [] },
      { id: "needed", digests: [b] },
    ];
    expect(planPacks(packs, candidates([a]), policy).packs).toEqual([]);
  });
});
