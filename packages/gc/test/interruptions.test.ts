// A sweep over a store with one of everything, stopped at every single call it makes.

import type { Digest } from "@store/layout";
import { describe, expect, it } from "vitest";

import { collectGarbage } from "../src/index.ts";
import { digestOf } from "./support/digests.ts";
import {
  createFakeDisk,
  createFakePorts,
  type FakeDisk,
  type Hook,
  isReadable,
  putBlob,
} from "./support/fake-store.ts";

const NOW_MS = 1_000_000_000;
const LONG_AGO_MS = 1;
const [named, shared, leased, pinned, young] = ["named", "shared", "leased", "pinned", "young"].map(
  digestOf,
) as [Digest, Digest, Digest, Digest, Digest];
const [releasedA, releasedB, orphan] = ["released a", "released b", "orphan"].map(digestOf) as [
  Digest,
  Digest,
  Digest,
];
const [trashNeeded, trashUnneeded] = ["trash needed", "trash unneeded"].map(digestOf) as [
  Digest,
  Digest,
];
const mustStay = [named, shared, leased, pinned, young, trashNeeded];

function createStore(): FakeDisk {
  const disk = createFakeDisk();
  for (const digest of [named, shared, leased, pinned, young, orphan]) putBlob(disk, digest);
  for (const digest of [releasedA, releasedB]) putBlob(disk, digest, { released: true });
  disk.names.set("a", [named, shared, trashNeeded]);
  disk.names.set("b", [shared]);
  disk.leases.set("1", { id: "1", digests: [leased], reason: "pull", live: true });
  disk.pins.add(pinned);
  disk.orphans.set(orphan, LONG_AGO_MS);
  for (const digest of [trashNeeded, trashUnneeded]) {
    const blob = { digest, size: 10, addedAtMs: 0, released: false };
    disk.trash.set(`${digest} crashed`, blob);
  }
  disk.partials.set("old", { id: "old", ageMs: NOW_MS, bytes: 5 });
  return disk;
}

function expectNothingLost(disk: FakeDisk): void {
  for (const digest of mustStay) expect(isReadable(disk, digest)).toBe(true);
}

/** Whether the next sweep finds what a trash name holds. */
function isAnnounced(disk: FakeDisk, key: string): boolean {
  const [digest = "", sweep] = key.split(" ");
  return sweep === "crashed" || [...disk.notices].some((notice) => notice.has(digest as Digest));
}

function collect(disk: FakeDisk, hook?: Hook, signal?: AbortSignal) {
  const ports = createFakePorts(disk, { now: () => NOW_MS, hook });
  return collectGarbage(ports, { signal, batchCount: 2 });
}

/** What is left once a sweep was let to its end. */
async function finished(): Promise<FakeDisk> {
  const disk = createStore();
  await collect(disk);
  return disk;
}

/** Runs `attempt` for the first call, the second, … until one is made that does not come. */
async function atEveryCall(
  attempt: (disk: FakeDisk, hook: Hook) => Promise<void>,
  onCall: (count: number, call: string, at: number) => void,
): Promise<number> {
  for (let at = 1; ; at++) {
    const disk = createStore();
    let count = 0;
    let hasStruck = false;
    const hook: Hook = (call) => {
      count += 1;
      if (count === at) hasStruck = true;
      onCall(count, call, at);
    };
    await attempt(disk, hook);
    if (!hasStruck) return at - 1;
    expectNothingLost(disk);
    for (const key of disk.trash.keys()) expect(isAnnounced(disk, key)).toBe(true);
    await collect(disk);
    // A notice goes by its age where its sweep died.
    disk.notices.clear();
    expect(disk).toEqual(await finished());
  }
}

describe("a sweep that is stopped", () => {
  it("finishes when nothing stops it", async () => {
    const disk = await finished();
    expect([...disk.blobs.keys()].sort()).toEqual([...mustStay].sort());
    expect(disk.trash.size).toBe(0);
    expect([...disk.orphans.keys()]).toEqual([young]);
    expect(disk.partials.size).toBe(0);
  });

  it("loses nothing in a crash at any call, and the next sweep finishes", async () => {
    const calls = await atEveryCall(
      async (disk, hook) => {
        await collect(disk, hook).catch(() => {});
      },
      (count, call, at) => {
        if (count >= at) throw new Error(`crashed before ${call}`);
      },
    );
    expect(calls).toBeGreaterThan(50);
  });

  it("gives everything back when it is aborted at any call", async () => {
    let controller = new AbortController();
    const reason = new Error("enough");
    const calls = await atEveryCall(
      async (disk, hook) => {
        controller = new AbortController();
        const result = await collect(disk, hook, controller.signal).then(
          () => "done",
          (error: unknown) => error,
        );
        if (!controller.signal.aborted) return;
        // At the very last calls it may just have been done.
        if (result !== "done") expect(result).toBe(reason);
        const ours = [...disk.trash.keys()].filter((key) => !key.endsWith(" crashed"));
        expect(ours).toEqual([]);
      },
      (count, _call, at) => {
        if (count === at) controller.abort(reason);
      },
    );
    expect(calls).toBeGreaterThan(50);
  });

  it("gives everything back when any one call fails", async () => {
    const calls = await atEveryCall(
      async (disk, hook) => {
        let failed = "";
        const failing: Hook = async (call) => {
          try {
            await hook(call);
          } catch (error) {
            failed = call;
            throw error;
          }
        };
        await collect(disk, failing).catch((error: unknown) => {
          expect(String(error)).toContain("EIO");
        });
        const ours = [...disk.trash.keys()].filter((key) => !key.endsWith(" crashed"));
        // A blob that cannot be given back stays in the trash, readable.
        if (!failed.startsWith("restore")) expect(ours).toEqual([]);
      },
      (count, call, at) => {
        if (count !== at) return;
        throw Object.assign(new Error(`EIO: ${call}`), { code: "EIO", errno: -5 });
      },
    );
    expect(calls).toBeGreaterThan(50);
  });
});
