import { describe, expect, it } from "vitest";

import { planExpired } from "./plan-expired.ts";

const item = (id: string, ageMs: number, bytes: number) => ({
  kind: "quarantine",
  id,
  ageMs,
  bytes,
});
const ids = (expired: readonly { id: string }[]): readonly string[] => expired.map(({ id }) => id);

describe("planExpired", () => {
  it("takes what is old enough, to the millisecond", () => {
    const expire = { quarantine: { ageMs: 10 } };
    expect(ids(planExpired([item("a", 10, 1), item("b", 9, 1)], { expire }))).toEqual(["a"]);
  });

  it("takes the oldest first until the rest fits", () => {
    const items = [item("new", 1, 60), item("middle", 2, 30), item("old", 3, 20)];
    const expire = { quarantine: { ageMs: 100, bytesMax: 100 } };
    expect(ids(planExpired(items, { expire }))).toEqual(["old"]);
  });

  it("never takes an older one's size as a reason to keep it and lose a newer one", () => {
    const items = [item("new", 1, 150), item("small and old", 3, 1)];
    const expire = { quarantine: { ageMs: 100, bytesMax: 200 } };
    expect(planExpired(items, { expire })).toEqual([]);
    const tight = { quarantine: { ageMs: 100, bytesMax: 150 } };
    expect(ids(planExpired(items, { expire: tight }))).toEqual(["small and old"]);
  });

  it("counts an age that is negative, or no number, as young", () => {
    const expire = { quarantine: { ageMs: 0 } };
    expect(planExpired([item("a", -1, 1), item("b", Number.NaN, 1)], { expire })).toEqual([]);
  });

  it("leaves kinds without a rule alone, whatever they are called", () => {
    const odd = ["constructor", "__proto__", "toString"].map((kind) => ({
      ...item("x", 1e15, 1),
      kind,
    }));
    expect(planExpired(odd, { expire: { quarantine: { ageMs: 0 } } })).toEqual([]);
  });
});
