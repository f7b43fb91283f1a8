import { isStoreError, StoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  applyGc,
  createSnapshot,
  type GcEvent,
  type GcPlan,
  type GcPorts,
  planGc,
  takeSnapshot,
} from "../src/index.ts";
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
const [one, two, three] = ["one", "two", "three"].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];

/** Three released blobs, and a name that needs none of them. */
async function setUp(hook?: Hook): Promise<{ disk: FakeDisk; ports: GcPorts; plan: GcPlan }> {
  const disk = createFakeDisk();
  for (const digest of [one, two, three]) putBlob(disk, digest, { released: true });
  disk.names.set("other", []);
  const calm = createFakePorts(disk, { now: () => NOW_MS });
  const plan = planGc(await takeSnapshot(calm));
  return { disk, ports: createFakePorts(disk, { now: () => NOW_MS, hook }), plan };
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isStoreError(error) ? error.code : undefined;
}

describe("applyGc", () => {
  it("reports the plan minus what the second look saved", async () => {
    const { disk, ports, plan } = await setUp();
    disk.names.set("late", [one]);
    disk.blobs.delete(two);
    const report = await applyGc(plan, ports);
    expect(report.restored).toEqual([one]);
    expect(report.skipped).toEqual([two]);
    expect(report.destroyed).toEqual([three]);
    expect(report.freedBytes).toBe(10);
    expect([...disk.blobs.keys()]).toEqual([one]);
  });

  it("spares what got a lease, or a pin, after the plan was made", async () => {
    const { disk, ports, plan } = await setUp();
    disk.leases.set("1", { id: "1", digests: [one], reason: "pull", live: true });
    disk.leases.set("2", { id: "2", digests: [three], reason: "pull", live: false });
    disk.pins.add(two);
    const report = await applyGc(plan, ports);
    expect(report.restored).toEqual([one, two].sort());
    expect(report.destroyed).toEqual([three]);
  });

  it("reads leases and then all names once for each batch, after the batch was moved aside", async () => {
    const calls: string[] = [];
    const { ports, plan } = await setUp((call) => void calls.push(call));
    await applyGc(plan, ports, { batchCount: 2 });
    const order = calls.filter((call) => /^(trash|leases|pins|roots|destroy)$/.test(call));
    const firstBatch = ["trash", "trash", "leases", "pins", "roots", "destroy", "destroy"];
    const secondBatch = ["trash", "leases", "pins", "roots", "destroy"];
    expect(order).toEqual([...firstBatch, ...secondBatch]);
  });

  it("announces each batch, and withdraws that when all of it is settled", async () => {
    const calls: string[] = [];
    const { disk, ports, plan } = await setUp((call) => void calls.push(call));
    await applyGc(plan, ports, { batchCount: 2 });
    const order = calls.filter((call) => /^(announce|trash|destroy|withdraw)$/.test(call));
    const firstBatch = ["announce", "trash", "trash", "destroy", "destroy", "withdraw"];
    expect(order).toEqual([...firstBatch, "announce", "trash", "destroy", "withdraw"]);
    expect(disk.notices.size).toBe(0);
  });

  it("does not count a blob as deleted that a reader gave back in the last instant", async () => {
    const { ports, plan } = await setUp();
    const blobs: GcPorts["blobs"] = {
      ...ports.blobs,
      async trash(digest, sweep, notice) {
        const trashed = await ports.blobs.trash(digest, sweep, notice);
        if (digest !== two || trashed === undefined) return trashed;
        return { ...trashed, destroy: () => trashed.restore().then(() => false) };
      },
    };
    const report = await applyGc(plan, { ...ports, blobs });
    expect(report.destroyed).toEqual([one, three].sort());
    expect(report.restored).toEqual([two]);
  });

  it("leaves what it announced where a call failed that may have moved a blob", async () => {
    const { disk, ports, plan } = await setUp();
    const late = new StoreError("no", { kind: "denied", code: "ERR_STORE_NO_PERMISSION" });
    const blobs: GcPorts["blobs"] = {
      ...ports.blobs,
      async trash(digest, sweep, notice) {
        const trashed = await ports.blobs.trash(digest, sweep, notice);
        if (digest === two) throw late;
        return trashed;
      },
    };
    await applyGc(plan, { ...ports, blobs });
    expect([...disk.notices]).toEqual([new Set([one, two, three])]);
  });

  it("restores the batch and stops when a name cannot be read at the second look", async () => {
    const { disk, ports, plan } = await setUp();
    disk.names.set("broken", []);
    disk.unreadableNames.add("broken");
    expect(await codeOf(applyGc(plan, ports))).toBe("ERR_STORE_ROOT_UNREADABLE");
    expect(disk.blobs.size).toBe(3);
    expect(disk.trash.size).toBe(0);
  });

  it("moves nothing while another tool holds a lock, and looks again before each batch", async () => {
    const { disk, ports, plan } = await setUp();
    let looks = 0;
    const foreignLock: GcPorts["foreignLock"] = async () => {
      looks += 1;
      return looks < 2 ? undefined : { path: "locks/x.lock", pid: 7 };
    };
    const error: unknown = await applyGc(plan, { ...ports, foreignLock }, { batchCount: 2 }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      kind: "busy",
      code: "ERR_STORE_SWEEP_POSTPONED",
      detail: { path: "locks/x.lock", pid: 7 },
    });
    expect(disk.blobs.size).toBe(1);
    expect(disk.trash.size).toBe(0);
  });

  it("goes on past a blob that may not be touched, and says so", async () => {
    const denied = new StoreError("no", { kind: "denied", code: "ERR_STORE_NO_PERMISSION" });
    const { disk, ports, plan } = await setUp();
    const blobs = {
      ...ports.blobs,
      trash: (digest: typeof one, sweep: string) =>
        digest === two ? Promise.reject(denied) : ports.blobs.trash(digest, sweep),
    };
    const report = await applyGc(plan, { ...ports, blobs });
    expect(report.failed).toEqual([{ subject: two, error: denied }]);
    expect([...disk.blobs.keys()]).toEqual([two]);
  });

  it("gives a blob its name back when only the last step is refused", async () => {
    const busy = Object.assign(new Error("EBUSY"), { code: "EBUSY", errno: -16 });
    const { disk, ports, plan } = await setUp((call) => {
      if (call === "destroy") throw busy;
    });
    const report = await applyGc(plan, ports);
    expect(report.failed).toHaveLength(3);
    expect(report.freedBytes).toBe(0);
    expect(disk.blobs.size).toBe(3);
  });

  it("leaves in the trash what cannot be given back, readable, and says so", async () => {
    const events: GcEvent[] = [];
    const { disk, ports, plan } = await setUp((call) => {
      if (call === "roots" || call === "restore") {
        throw Object.assign(new Error("EIO"), { code: "EIO", errno: -5 });
      }
    });
    const onProgress = (event: GcEvent): void => void events.push(event);
    expect(await codeOf(applyGc(plan, ports, { onProgress }))).toBe("ERR_STORE_ROOT_UNREADABLE");
    expect(events.map(({ kind }) => kind)).toEqual(["stranded", "stranded", "stranded"]);
    for (const digest of [one, two, three]) expect(isReadable(disk, digest)).toBe(true);
  });

  it("rethrows the reason of an abort untouched, and touches nothing when aborted before", async () => {
    const { disk, ports, plan } = await setUp();
    const reason = { why: "closing time" };
    const attempt = applyGc(plan, ports, { signal: AbortSignal.abort(reason) });
    await expect(attempt).rejects.toBe(reason);
    expect(disk.blobs.size).toBe(3);
  });

  it("passes on what a listener throws, after giving everything back", async () => {
    const { disk, ports, plan } = await setUp();
    const bug = new TypeError("listener");
    let count = 0;
    const onProgress = (): void => {
      count += 1;
      if (count === 1) throw bug;
    };
    await expect(applyGc(plan, ports, { onProgress })).rejects.toBe(bug);
    expect(disk.trash.size).toBe(0);
  });
});

describe("a plan that is refused", () => {
  it("was carried out before", async () => {
    const { ports, plan } = await setUp();
    await applyGc(plan, ports);
    expect(await codeOf(applyGc(plan, ports))).toBe("ERR_STORE_PLAN_STALE");
  });

  it("was changed since it was made", async () => {
    const { disk, ports, plan } = await setUp();
    const candidates = [{ digest: digestOf("else"), size: 1, reason: "orphan" as const }];
    expect(await codeOf(applyGc({ ...plan, candidates }, ports))).toBe("ERR_STORE_PLAN_STALE");
    expect(disk.blobs.size).toBe(3);
  });

  it.each([
    { when: "too long ago", nowMs: NOW_MS + 3_600_001 },
    { when: "in the future, because the clock was set back", nowMs: NOW_MS - 3_600_001 },
    { when: "at a time the clock cannot say", nowMs: Number.NaN },
  ])("was made $when", async ({ nowMs }) => {
    const { ports, plan } = await setUp();
    const attempt = applyGc(plan, { ...ports, now: () => nowMs });
    expect(await codeOf(attempt)).toBe("ERR_STORE_PLAN_STALE");
  });
});

describe("trash that an interrupted sweep left", () => {
  async function recover(names: Readonly<Record<string, readonly (typeof one)[]>>) {
    const disk = createFakeDisk();
    for (const digest of [one, two]) {
      disk.trash.set(`${digest} crashed`, { digest, size: 10, addedAtMs: 0, released: false });
    }
    for (const [name, digests] of Object.entries(names)) disk.names.set(name, digests);
    const ports = createFakePorts(disk, { now: () => NOW_MS });
    const plan = planGc(await takeSnapshot(ports));
    return { disk, plan, report: await applyGc(plan, ports) };
  }

  it("is restored where a name needs it and destroyed otherwise", async () => {
    const { disk, plan, report } = await recover({ a: [one] });
    expect(plan.trashed).toEqual([one, two].sort());
    expect(plan.dangling).toEqual([]);
    expect(report.restored).toEqual([one]);
    expect(report.destroyed).toEqual([two]);
    expect([...disk.blobs.keys()]).toEqual([one]);
  });

  it("is restored where there is no name at all: the rules for such a store come next", async () => {
    const { disk, report } = await recover({});
    expect(report.restored).toEqual([one, two].sort());
    expect(disk.blobs.size).toBe(2);
  });

  it("is handled before any candidate of the new sweep", async () => {
    const calls: string[] = [];
    const { disk, ports } = await setUp((call) => void calls.push(call));
    disk.trash.set("old", { digest: digestOf("old"), size: 1, addedAtMs: 0, released: false });
    const plan = planGc(await takeSnapshot(createFakePorts(disk, { now: () => NOW_MS })));
    await applyGc(plan, ports);
    expect(calls.indexOf("destroy")).toBeLessThan(calls.indexOf("trash"));
  });
});

describe("packs and things that expire", () => {
  const snapshot = createSnapshot({
    takenAtMs: NOW_MS,
    blobs: [{ digest: one, size: 4, released: true }],
    roots: [{ name: "a", digests: [] }],
    packs: [{ id: "pack-1", digests: [one, two] }],
    expirables: [{ kind: "partial", id: "p", ageMs: NOW_MS, bytes: 7 }],
  });

  it("lets a pack drop its objects after a second look of its own", async () => {
    const { ports, disk } = await setUp();
    disk.names.set("late", [two]);
    const dropped: unknown[] = [];
    const packs: GcPorts["packs"] = {
      async *list() {},
      async drop(id, digests, { lookAgain }) {
        dropped.push(id, digests, [...(await lookAgain([one, two]))]);
        return 3;
      },
    };
    disk.partials.set("p", { id: "p", ageMs: NOW_MS, bytes: 7 });
    disk.blobs.delete(one);
    const report = await applyGc(planGc(snapshot), { ...ports, packs });
    expect(dropped).toEqual(["pack-1", [one], [two]]);
    expect(report.freedBytes).toBe(3 + 7);
    expect(report.destroyed).toEqual([one]);
    expect(report.skipped).toEqual([]);
    expect(report.expired).toEqual([{ kind: "partial", id: "p", bytes: 7 }]);
    expect(disk.partials.size).toBe(0);
  });
});
