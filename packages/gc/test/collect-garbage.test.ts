import { StoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { collectGarbage, type GcEvent, ORPHAN_AGE_MS_MIN } from "../src/index.ts";
import { digestOf } from "./support/digests.ts";
import { copyDisk, createFakeDisk, createFakePorts, putBlob } from "./support/fake-store.ts";

const START_MS = 1_700_000_000_000;
const orphan = digestOf("orphan");
const named = digestOf("named");

function setUp() {
  const disk = createFakeDisk();
  putBlob(disk, orphan);
  putBlob(disk, named);
  disk.names.set("a", [named]);
  const clock = { nowMs: START_MS };
  const ports = createFakePorts(disk, { now: () => clock.nowMs });
  return { disk, clock, ports };
}

describe("the age of an orphan", () => {
  it("starts when a sweep first sees it, and lets it go after the minimum age", async () => {
    const { disk, clock, ports } = setUp();
    const first = await collectGarbage(ports);
    expect(first.plan.newOrphans).toEqual([orphan]);
    expect(disk.orphans).toEqual(new Map([[orphan, START_MS]]));
    clock.nowMs += ORPHAN_AGE_MS_MIN - 1;
    expect((await collectGarbage(ports)).destroyed).toEqual([]);
    clock.nowMs += 1;
    expect((await collectGarbage(ports)).destroyed).toEqual([orphan]);
    expect(disk.orphans.size).toBe(0);
  });

  it("starts afresh once a name has needed it in between", async () => {
    const { disk, clock, ports } = setUp();
    await collectGarbage(ports);
    disk.names.set("b", [orphan]);
    await collectGarbage(ports);
    disk.names.delete("b");
    clock.nowMs += ORPHAN_AGE_MS_MIN;
    expect((await collectGarbage(ports)).destroyed).toEqual([]);
  });

  it("starts afresh for a blob that was needed at the second look", async () => {
    const { disk, clock } = setUp();
    disk.orphans.set(orphan, START_MS - ORPHAN_AGE_MS_MIN);
    const hook = (call: string): void => {
      if (call === "trash") disk.names.set("late", [orphan]);
    };
    const report = await collectGarbage(createFakePorts(disk, { now: () => clock.nowMs, hook }));
    expect(report.restored).toEqual([orphan]);
    expect(disk.orphans.size).toBe(0);
  });

  it("starts with a new copy of a blob that was deleted and came back", async () => {
    const { disk, clock, ports } = setUp();
    disk.orphans.set(orphan, START_MS - 2 * ORPHAN_AGE_MS_MIN);
    putBlob(disk, orphan, { addedAtMs: START_MS - 1 });
    expect((await collectGarbage(ports)).destroyed).toEqual([]);
    clock.nowMs += ORPHAN_AGE_MS_MIN;
    expect((await collectGarbage(ports)).destroyed).toEqual([orphan]);
  });

  it("is never negative: a record from the future counts as young and is written anew", async () => {
    const { disk, ports } = setUp();
    disk.orphans.set(orphan, START_MS + 10 * 365 * ORPHAN_AGE_MS_MIN);
    const { plan } = await collectGarbage(ports);
    expect(plan.kept.young).toBe(1);
    expect(plan.newOrphans).toEqual([orphan]);
    expect(disk.orphans.get(orphan)).toBe(START_MS);
  });

  it("does not depend on a date in the future, as foreign files may carry", async () => {
    const { disk, clock, ports } = setUp();
    putBlob(disk, orphan, { addedAtMs: START_MS * 2 });
    await collectGarbage(ports);
    clock.nowMs += ORPHAN_AGE_MS_MIN;
    expect((await collectGarbage(ports)).destroyed).toEqual([orphan]);
  });

  it("stays young for ever where nothing is remembered", async () => {
    const { clock, ports } = setUp();
    const forgetful = { ...ports, orphans: undefined };
    await collectGarbage(forgetful);
    clock.nowMs += 100 * ORPHAN_AGE_MS_MIN;
    expect((await collectGarbage(forgetful)).destroyed).toEqual([]);
  });

  it("does not matter where the policy asks for none", async () => {
    const { ports } = setUp();
    const report = await collectGarbage(ports, { policy: { minAgeMs: 0 } });
    expect(report.destroyed).toEqual([orphan]);
  });

  it("is refused where it makes no sense", async () => {
    const { ports } = setUp();
    for (const minAgeMs of [-1, Number.NaN]) {
      await expect(collectGarbage(ports, { policy: { minAgeMs } })).rejects.toThrow(TypeError);
    }
  });
});

describe("a store without any name", () => {
  it("is not swept of its orphans unless the policy allows it", async () => {
    const { disk, clock, ports } = setUp();
    disk.names.clear();
    const before = copyDisk(disk);
    await expect(collectGarbage(ports)).rejects.toMatchObject({
      code: "ERR_STORE_ROOTS_EMPTY",
      kind: "conflict",
      detail: { orphans: 2 },
    });
    expect(disk).toEqual(before);
    const policy = { allowEmpty: true };
    expect((await collectGarbage(ports, { policy })).plan.newOrphans).toHaveLength(2);
    clock.nowMs += ORPHAN_AGE_MS_MIN;
    expect((await collectGarbage(ports, { policy })).destroyed).toHaveLength(2);
  });

  it("still loses what was released on purpose, and starts no orphan's time", async () => {
    const { disk, ports } = setUp();
    disk.names.clear();
    putBlob(disk, named, { released: true });
    const report = await collectGarbage(ports);
    expect(report.destroyed).toEqual([named]);
    expect(report.plan.kept.nameless).toBe(1);
    expect(disk.orphans.size).toBe(0);
  });

  it("is quietly left alone when it is empty", async () => {
    const report = await collectGarbage(createFakePorts(createFakeDisk()));
    expect(report.destroyed).toEqual([]);
  });
});

describe("collectGarbage", () => {
  it("takes no lock and writes nothing in a dry run", async () => {
    const { disk } = setUp();
    const calls: string[] = [];
    const ports = createFakePorts(disk, { hook: (call) => void calls.push(call) });
    const before = copyDisk(disk);
    const report = await collectGarbage(ports, { dryRun: true });
    expect(report.plan.newOrphans).toEqual([orphan]);
    expect(disk).toEqual(before);
    const writing = /^(lock|trash|restore|destroy|writeOrphans|remove)/;
    expect(calls.filter((call) => writing.test(call))).toEqual([]);
  });

  it("hands out the plan before it is carried out", async () => {
    const { disk, ports } = setUp();
    putBlob(disk, orphan, { released: true });
    const seen: string[] = [];
    const { plan } = await collectGarbage(ports, {
      onProgress: (event: GcEvent) => {
        seen.push(event.kind);
        if (event.kind === "planned") expect(disk.blobs.size).toBe(2);
      },
    });
    expect(seen).toEqual(["planned", "destroyed"]);
    expect(plan.candidates).toEqual([{ digest: orphan, size: 10, reason: "released" }]);
  });

  it("frees space on a disk too full to remember orphans", async () => {
    const { disk, ports } = setUp();
    putBlob(disk, digestOf("big"), { released: true });
    const full = new StoreError("full", { kind: "exhausted", code: "ERR_STORE_NO_SPACE" });
    const events: GcEvent[] = [];
    const orphans = { read: async () => [], write: () => Promise.reject(full) };
    const report = await collectGarbage(
      { ...ports, orphans },
      { onProgress: (event) => void events.push(event) },
    );
    expect(report.destroyed).toEqual([digestOf("big")]);
    expect(events).toContainEqual({ kind: "unrecorded", error: full });
  });

  it("says what the lock says when another sweep is at work", async () => {
    const { ports } = setUp();
    const locked = new StoreError("busy", { kind: "busy", code: "ERR_STORE_SWEEP_LOCKED" });
    const attempt = collectGarbage({ ...ports, withSweepLock: () => Promise.reject(locked) });
    await expect(attempt).rejects.toBe(locked);
  });

  it("stops and gives everything back when the lock is lost", async () => {
    const { disk, ports } = setUp();
    putBlob(disk, orphan, { released: true });
    const lost = new StoreError("lost", { kind: "conflict", code: "ERR_STORE_LOCK_LOST" });
    const controller = new AbortController();
    const losing = createFakePorts(disk, {
      hook: (call) => {
        if (call === "trash") controller.abort(lost);
      },
    });
    const attempt = collectGarbage(
      { ...losing, now: ports.now, withSweepLock: (body) => body(controller.signal) },
      { signal: new AbortController().signal },
    );
    await expect(attempt).rejects.toBe(lost);
    expect(disk.blobs.has(orphan)).toBe(true);
    expect(disk.trash.size).toBe(0);
  });
});
