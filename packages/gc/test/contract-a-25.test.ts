// The contract this package fulfils: removing a name frees nothing, a sweep frees exactly what no
// name needs any more, a dry run says the same and does nothing.

import { describe, expect, it } from "vitest";

import { encodePlan, formatPlan, type GcPlan } from "../src/index.ts";
import { digestOf } from "./support/digests.ts";
import { createDiskHarness, createFakeHarness } from "./support/store-harness.ts";

const weights = "w".repeat(100_000);
const config = "c".repeat(300);

/** The digest covers the time of the snapshot, which differs on a store with a real clock. */
function comparable(plan: GcPlan): string {
  return Buffer.from(encodePlan({ ...plan, digest: "", takenAtMs: 0 })).toString();
}

describe.each([
  { where: "a store in memory", create: createFakeHarness },
  { where: "a store on disk", create: createDiskHarness },
])("A-25 over $where", ({ create }) => {
  it("FALSIFY-CRUX-A-25-001 frees the bytes of a model whose name was removed", async () => {
    await using store = await create();
    await store.pull("gpt2:latest", [weights, config]);
    await store.remove("gpt2:latest");
    expect(await store.bytes()).toBe(100_300);
    const report = await store.gc();
    expect(report.freedBytes).toBe(100_300);
    expect(await store.bytes()).toBe(0);
  });

  it("FALSIFY-CRUX-A-25-002 frees nothing that another name still needs", async () => {
    await using store = await create();
    await store.pull("x:latest", [weights, config]);
    await store.copy("x:latest", "x:dup");
    await store.remove("x:latest");
    const report = await store.gc();
    expect(report.freedBytes).toBe(0);
    expect(await store.bytes()).toBe(100_300);
  });

  it("FALSIFY-CRUX-A-25-003 prints in a dry run what would go, and changes nothing", async () => {
    await using store = await create();
    await store.pull("gpt2:latest", [weights]);
    await store.pull("other", [config]);
    await store.remove("gpt2:latest");
    const before = await store.state();
    const { plan, dryRun, freedBytes } = await store.gc({ dryRun: true });
    expect(await store.state()).toEqual(before);
    expect({ dryRun, freedBytes }).toEqual({ dryRun: true, freedBytes: 0 });
    expect(formatPlan(plan)).toMatch(/would free|candidate/);
    expect(formatPlan(plan)).toContain(digestOf(weights));
    expect(formatPlan(plan)).not.toContain(digestOf(config));
  });

  it("carries out the plan that the dry run printed, byte for byte", async () => {
    await using store = await create();
    await store.pull("a", [weights, config]);
    await store.pull("b", [config]);
    await store.remove("a");
    const dry = await store.gc({ dryRun: true });
    const real = await store.gc();
    expect(comparable(real.plan)).toEqual(comparable(dry.plan));
    expect(real.destroyed).toEqual([digestOf(weights)]);
    expect(real.freedBytes).toBe(dry.plan.reclaimBytes);
  });

  it("frees nothing the second time", async () => {
    await using store = await create();
    await store.pull("a", [weights]);
    await store.pull("b", [config]);
    await store.remove("a");
    expect((await store.gc()).freedBytes).toBe(100_000);
    const after = await store.state();
    const second = await store.gc();
    expect(second.plan.candidates).toEqual([]);
    expect(second.freedBytes).toBe(0);
    expect(await store.state()).toEqual(after);
  });

  it("takes only its own part of a model that shares another part", async () => {
    await using store = await create();
    await store.pull("a", ["only a", "shared"]);
    await store.pull("b", ["only b", "shared"]);
    await store.remove("a");
    const report = await store.gc();
    expect(report.destroyed).toEqual([digestOf("only a")]);
    expect(report.plan.dangling).toEqual([]);
  });
});
