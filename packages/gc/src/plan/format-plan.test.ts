import { describe, expect, it } from "vitest";

import { digestOf } from "../../test/support/digests.ts";
import { createSnapshot } from "../snapshot/create-snapshot.ts";
import { formatPlan } from "./format-plan.ts";
import { planGc } from "./plan-gc.ts";

describe("formatPlan", () => {
  it("says what would go, what stays and why, and what is missing", () => {
    const plan = planGc(
      createSnapshot({
        takenAtMs: 1e12,
        blobs: [
          { digest: digestOf("released"), size: 3 * 1024 ** 3, released: true },
          { digest: digestOf("named"), size: 1 },
          { digest: digestOf("young"), size: 1 },
        ],
        roots: [{ name: "a", digests: [digestOf("named"), digestOf("missing")] }],
        packs: [{ id: "pack-1", digests: [digestOf("released")] }],
        trashed: [digestOf("trash")],
        expirables: [{ kind: "partial", id: "p", ageMs: 1e12, bytes: 512 }],
      }),
    );
    expect(formatPlan(plan)).toBe(
      [
        "would free 3.0 GiB: 1 candidate, 1 expired",
        `  candidate ${digestOf("released")}  3.0 GiB  released`,
        "  rewrite pack pack-1 without 1 object",
        "  expired partial p  512 bytes",
        `  in the trash of an interrupted sweep: ${digestOf("trash")}`,
        "kept: 1 needed by a name, 1 too young",
        "seen without a name for the first time: 1",
        `  missing: a needs ${digestOf("missing")}`,
        "",
      ].join("\n"),
    );
  });

  it("says so when there is nothing", () => {
    const plan = planGc(createSnapshot({ takenAtMs: 0 }));
    expect(formatPlan(plan)).toBe("would free 0 bytes: 0 candidates, 0 expired\nkept: nothing\n");
  });

  it("counts what does not fit a screen", () => {
    const blobs = Array.from({ length: 50 }, (_, index) => ({
      digest: digestOf(index),
      size: 1,
      released: true,
    }));
    expect(formatPlan(planGc(createSnapshot({ takenAtMs: 0, blobs })))).toContain(
      "  and 30 more\n",
    );
  });

  it("lets no control character of a name reach the terminal", () => {
    const name = "a\u001b[2J\n\u202eb";
    const roots = [{ name, digests: [digestOf("missing")] }];
    const text = formatPlan(planGc(createSnapshot({ takenAtMs: 0, roots })));
    expect(text).toContain("a\\u{1b}[2J\\u{a}\\u{202e}b needs");
  });
});
