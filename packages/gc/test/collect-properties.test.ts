// Whole sweeps over random stores in memory.

import type { Digest } from "@store/layout";
import { FULL } from "@store/testing";
import fc from "fast-check";
import { expect, it, vi } from "vitest";

import { collectGarbage, encodePlan, type GcPolicy, ORPHAN_AGE_MS_MIN } from "../src/index.ts";
import { snapshots, type SnapshotLists, TAKEN_AT_MS } from "./support/arbitrary-snapshot.ts";
import { copyDisk, createFakeDisk, createFakePorts, type FakeDisk } from "./support/fake-store.ts";
import { seed } from "./support/seed.ts";

// Cases take as long as they take.
vi.setConfig({ testTimeout: FULL ? 1_800_000 : 120_000 });

const RUNS = { numRuns: FULL ? 25_000 : 2_000, seed };
const policy: GcPolicy = { allowEmpty: true };

function createDisk(lists: SnapshotLists): FakeDisk {
  const disk = createFakeDisk();
  for (const { digest, size, addedAtMs = 0, released = false } of lists.blobs) {
    disk.blobs.set(digest, { size, addedAtMs, released });
  }
  for (const { name, digests } of lists.roots) {
    disk.names.set(name, [...new Set([...(disk.names.get(name) ?? []), ...digests])]);
  }
  for (const lease of lists.leases) disk.leases.set(lease.id, lease);
  for (const pin of lists.pins) if (pin.live) for (const one of pin.digests) disk.pins.add(one);
  for (const [digest, sinceMs] of lists.orphanSince) disk.orphans.set(digest, sinceMs);
  for (const digest of lists.trashed) {
    const blob = { digest, size: 7, addedAtMs: 0, released: false };
    disk.trash.set(`${digest} crashed`, blob);
  }
  return disk;
}

/** Whether a sweep had no right to take a blob, worked out the slow way. */
function mayNotGo(disk: FakeDisk, digest: Digest): boolean {
  const blob = disk.blobs.get(digest);
  const isAside = disk.trash.has(`${digest} crashed`);
  const sinceMs = disk.orphans.get(digest) ?? TAKEN_AT_MS;
  const isYoung = sinceMs < 0 || TAKEN_AT_MS - sinceMs < ORPHAN_AGE_MS_MIN;
  return (
    [...disk.names.values()].some((digests) => digests.includes(digest)) ||
    [...disk.leases.values()].some(({ live, digests }) => live && digests.includes(digest)) ||
    disk.pins.has(digest) ||
    (!isAside && blob?.released !== true && isYoung)
  );
}

it("plans in a dry run, byte for byte, what the run that follows carries out", async () => {
  await fc.assert(
    fc.asyncProperty(snapshots, async (lists) => {
      const disk = createDisk(lists);
      const before = copyDisk(disk);
      const ports = createFakePorts(disk, { now: () => TAKEN_AT_MS });
      const dry = await collectGarbage(ports, { dryRun: true, policy });
      expect(disk).toEqual(before);
      const real = await collectGarbage(ports, { policy });
      expect(Buffer.from(encodePlan(real.plan)).equals(encodePlan(dry.plan))).toBe(true);
      const planned = dry.plan.candidates.map(({ digest }) => digest);
      const leftover = real.destroyed.filter((digest) => !planned.includes(digest));
      expect(real.destroyed).toEqual([...planned, ...leftover].sort());
      for (const digest of leftover) expect(lists.trashed).toContain(digest);
      for (const digest of real.destroyed) expect(mayNotGo(before, digest)).toBe(false);
    }),
    RUNS,
  );
});

it("has nothing left to do the second time, and never takes what is needed at the second look", async () => {
  await fc.assert(
    fc.asyncProperty(snapshots, fc.integer({ min: 1, max: 3 }), async (lists, batchCount) => {
      const disk = createDisk(lists);
      const needed = new Set([...disk.names.values()].flat());
      const there = [...disk.blobs.keys(), ...lists.trashed].filter((digest) => needed.has(digest));
      const ports = createFakePorts(disk, { now: () => TAKEN_AT_MS });
      await collectGarbage(ports, { policy, batchCount });
      expect(disk.trash.size).toBe(0);
      for (const digest of there) expect(disk.blobs.has(digest)).toBe(true);
      const left = copyDisk(disk);
      const { plan, destroyed, freedBytes } = await collectGarbage(ports, { policy, batchCount });
      // What had been released and was restored from the trash is judged now; nothing else is.
      expect(destroyed.filter((digest) => !lists.trashed.includes(digest))).toEqual([]);
      if (lists.trashed.length > 0) return;
      expect([plan.candidates, freedBytes]).toEqual([[], 0]);
      expect(disk).toEqual(left);
    }),
    RUNS,
  );
});
