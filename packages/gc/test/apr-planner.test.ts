// The unit tests of the planner this one descends from, each under its own name. Its tables of
// strings are snapshots here, its refcount 0 is a candidate, and its blobs wait for nothing.

import type { Digest } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  countReferences,
  createSnapshot,
  decodePlan,
  encodePlan,
  type GcPlan,
  planGc,
  type Root,
  simulateGc,
  withoutRoot,
} from "../src/index.ts";
import { orderedDigest } from "./support/digests.ts";

const digests = (letters: readonly string[]): readonly Digest[] => letters.map(orderedDigest);
const root = (name: string, letters: readonly string[]): Root => ({
  name,
  digests: digests(letters),
});

function plan(letters: readonly string[], roots: readonly Root[]): GcPlan {
  const blobs = letters.map((letter) => ({
    digest: orderedDigest(letter),
    size: 1,
    released: true,
  }));
  return planGc(createSnapshot({ takenAtMs: 0, blobs, roots }));
}

const goes = ({ candidates }: GcPlan): readonly Digest[] => candidates.map(({ digest }) => digest);
const isNoop = ({ candidates }: GcPlan): boolean => candidates.length === 0;
const aliases = [root("gpt2:latest", ["a", "b"]), root("gpt2:dup", ["a", "b"])];

describe("reference counts", () => {
  it("refcount counts unique referrers", () => {
    const counts = countReferences([...aliases, root("other", ["c"])]);
    expect(counts.get(orderedDigest("a"))).toBe(2);
    expect(counts.get(orderedDigest("b"))).toBe(2);
    expect(counts.get(orderedDigest("c"))).toBe(1);
  });

  it("refcount empty manifest set has no refs", () => {
    expect(countReferences([]).size).toBe(0);
  });

  it("refcount duplicate blob in manifest counts once", () => {
    const counts = countReferences([root("x", ["a", "a", "a"])]);
    expect(counts.get(orderedDigest("a"))).toBe(1);
  });

  it("refcount is deterministic", () => {
    const forwards = countReferences([root("a", ["x", "y"]), root("b", ["z"])]);
    const backwards = countReferences([root("b", ["z"]), root("a", ["y", "x"])]);
    expect([...forwards]).toEqual([...backwards]);
  });
});

describe("planning", () => {
  it("plan gc flags orphaned blob", () => {
    expect(goes(plan(["a", "b", "c"], [root("live", ["a", "b"])]))).toEqual(digests(["c"]));
  });

  it("plan gc never flags referenced blob", () => {
    expect(isNoop(plan(["a", "b"], [root("live", ["a", "b"])]))).toBe(true);
  });

  it("plan gc empty when registry is empty", () => {
    expect(isNoop(plan([], []))).toBe(true);
  });

  it("plan gc is deterministic", () => {
    expect(plan(["c", "a", "b"], [])).toEqual(plan(["b", "c", "a"], []));
  });

  it("plan gc candidates are sorted", () => {
    expect(goes(plan(["z", "a", "m"], []))).toEqual(digests(["a", "m", "z"]));
  });
});

describe("removing a root, then planning", () => {
  it("rm then gc frees unique owned blobs", () => {
    const roots = withoutRoot([root("a", ["x", "y", "z"]), root("b", ["y", "z"])], "a");
    expect(goes(plan(["x", "y", "z"], roots))).toEqual(digests(["x"]));
  });

  it("rm of one of two duplicate tags frees nothing", () => {
    expect(isNoop(plan(["a", "b"], withoutRoot(aliases, "gpt2:latest")))).toBe(true);
  });

  it("rm missing tag is idempotent", () => {
    const roots = [root("a", ["x"])];
    expect(withoutRoot(roots, "does-not-exist")).toEqual(roots);
  });
});

describe("carrying a plan out", () => {
  const live = [root("live", ["a"])];

  it("gc is idempotent second run is noop", () => {
    const first = plan(["a", "b", "c"], live);
    expect(isNoop(first)).toBe(false);
    const left = simulateGc(digests(["a", "b", "c"]), first);
    expect(left).toEqual(digests(["a"]));
    expect(isNoop(plan(["a"], live))).toBe(true);
  });

  it("dry run plan equals real run plan", () => {
    const [dry, real] = [plan(["a", "b", "c"], live), plan(["a", "b", "c"], live)];
    expect(encodePlan(dry)).toEqual(encodePlan(real));
  });

  it("apply plan removes exactly the candidates", () => {
    const two = plan(["b", "d"], live);
    expect(simulateGc(digests(["a", "b", "c", "d"]), two)).toEqual(digests(["a", "c"]));
  });

  it("apply plan preserves blobs not in plan", () => {
    const elsewhere = plan(["z"], live);
    expect(simulateGc(digests(["a", "b"]), elsewhere)).toEqual(digests(["a", "b"]));
  });

  it("plan serializes to stable json", () => {
    const one = plan(["c"], live);
    expect(decodePlan(encodePlan(one))).toEqual(one);
    expect(encodePlan(decodePlan(encodePlan(one)))).toEqual(encodePlan(one));
  });
});
