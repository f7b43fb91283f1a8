import { describe, expect, it } from "vitest";

import { digestOf } from "../../test/support/digests.ts";
import { createSnapshot } from "../snapshot/create-snapshot.ts";
import { explain } from "./explain.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 1_000 * HOUR_MS;
const labels = ["named", "leased", "pinned", "released", "old", "young", "trashed"] as const;
const snapshot = createSnapshot({
  takenAtMs: NOW_MS,
  blobs: labels.map((label) => ({
    digest: digestOf(label),
    size: 1,
    released: label === "released",
  })),
  roots: [
    { name: "z", digests: [digestOf("named"), digestOf("named"), digestOf("missing")] },
    { name: "a", digests: [digestOf("named")] },
    { name: "empty", digests: [] },
  ],
  leases: [
    { id: "2", digests: [digestOf("leased"), digestOf("named")], reason: "pull x", live: true },
    { id: "1", digests: [digestOf("leased")], reason: "dead", live: false },
  ],
  pins: [
    { subject: "a", digests: [digestOf("pinned")], reason: "for the demo", live: true },
    { subject: "b", digests: [digestOf("pinned"), digestOf("old")], reason: "over", live: false },
  ],
  orphanSince: [
    [digestOf("old"), NOW_MS - 25 * HOUR_MS],
    [digestOf("young"), NOW_MS - 23 * HOUR_MS],
  ],
  trashed: [digestOf("trashed")],
});

describe("explain", () => {
  it.each([
    { label: "named", verdict: "referenced" },
    { label: "leased", verdict: "leased" },
    { label: "pinned", verdict: "pinned" },
    { label: "released", verdict: "released" },
    { label: "old", verdict: "orphan" },
    { label: "young", verdict: "young" },
    { label: "trashed", verdict: "trashed" },
    { label: "missing", verdict: "absent" },
    { label: "never heard of", verdict: "absent" },
  ])("says of a blob that is $label: $verdict", ({ label, verdict }) => {
    expect(explain(snapshot, digestOf(label)).verdict).toBe(verdict);
  });

  it("names everything that needs a blob, not only the first reason", () => {
    expect(explain(snapshot, digestOf("named"))).toMatchObject({
      roots: ["a", "z"],
      leases: [{ id: "2", reason: "pull x" }],
      orphanAgeMs: undefined,
    });
    expect(explain(snapshot, digestOf("pinned")).pins).toEqual([
      { subject: "a", reason: "for the demo" },
    ]);
    expect(explain(snapshot, digestOf("missing")).roots).toEqual(["z"]);
  });

  it("says how long a blob has been an orphan, and judges by the policy it is given", () => {
    expect(explain(snapshot, digestOf("young")).orphanAgeMs).toBe(23 * HOUR_MS);
    const policy = { minAgeMs: 23 * HOUR_MS };
    expect(explain(snapshot, digestOf("young"), policy).verdict).toBe("orphan");
  });

  it("says that a store without names keeps its orphans", () => {
    const nameless = createSnapshot({
      takenAtMs: NOW_MS,
      blobs: [{ digest: digestOf("x"), size: 1 }],
    });
    expect(explain(nameless, digestOf("x")).verdict).toBe("nameless");
  });
});
