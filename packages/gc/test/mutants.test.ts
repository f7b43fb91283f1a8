// Planted faults in what deletes. Each is a sweep that is wrong in one way; the promises below must
// show it, and the real sweep must keep them all.

import type { Digest } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  collectGarbage,
  type CollectOptions,
  type GcBlobs,
  type GcPorts,
  type GcReport,
  type Root,
} from "../src/index.ts";
import { digestOf } from "./support/digests.ts";
import {
  copyDisk,
  createFakeDisk,
  createFakePorts,
  type FakeDisk,
  type Hook,
  isReadable,
  putBlob,
} from "./support/fake-store.ts";

const NOW_MS = 1_000_000_000;
const LONG_AGO_MS = 1;
const STAYS = [
  "named",
  "leased",
  "pinned",
  "young",
  "named late",
  "leased late",
  "pinned late",
  "aside",
  "aside, leased",
];

type Sweep = (ports: GcPorts, options?: CollectOptions) => Promise<GcReport>;

function createStore(): FakeDisk {
  const disk = createFakeDisk();
  const released = ["released", "named late", "leased late", "pinned late"];
  for (const label of ["named", "leased", "pinned", "young", "orphan"]) {
    putBlob(disk, digestOf(label));
  }
  for (const label of released) putBlob(disk, digestOf(label), { released: true });
  disk.names.set("a", [digestOf("named"), digestOf("aside")]);
  disk.leases.set("1", leaseOf("1", [digestOf("leased"), digestOf("aside, leased")]));
  disk.pins.add(digestOf("pinned"));
  disk.orphans.set(digestOf("orphan"), LONG_AGO_MS);
  for (const label of ["aside", "aside, leased", "aside, for nobody"]) {
    const digest = digestOf(label);
    disk.trash.set(`${digest} crashed`, { digest, size: 10, addedAtMs: 0, released: false });
  }
  disk.partials.set("young", { id: "young", ageMs: 1_000, bytes: 5 });
  return disk;
}

function leaseOf(id: string, digests: readonly Digest[]) {
  return { id, digests, reason: "pull", live: true };
}

/** Somebody takes things up right after the plan was made. */
function takeUpLate(disk: FakeDisk): Hook {
  return (call) => {
    if (call !== "writeOrphans") return;
    disk.names.set("late", [digestOf("named late")]);
    disk.leases.set("2", leaseOf("2", [digestOf("leased late")]));
    disk.pins.add(digestOf("pinned late"));
  };
}

function portsOf(disk: FakeDisk, hook?: Hook): GcPorts {
  return createFakePorts(disk, { now: () => NOW_MS, hook });
}

/** What a sweep promises, each with a store to show it on. An answer is what was broken. */
const promises: readonly ((sweep: Sweep) => Promise<string | undefined>)[] = [
  async function takesNothingThatIsNeeded(sweep) {
    const disk = createStore();
    await sweep(portsOf(disk, takeUpLate(disk)));
    const lost = STAYS.filter((label) => !isReadable(disk, digestOf(label)));
    if (lost.length > 0) return `lost: ${lost.join(", ")}`;
    if (!disk.partials.has("young")) return "a young transfer is gone";
    return undefined;
  },
  async function takesWhatNobodyNeeds(sweep) {
    const disk = createStore();
    await sweep(portsOf(disk));
    const left = ["released", "orphan", "aside, for nobody"].filter((label) =>
      isReadable(disk, digestOf(label)),
    );
    return left.length > 0 ? `left: ${left.join(", ")}` : undefined;
  },
  async function stopsAtANameItCannotRead(sweep) {
    const disk = createStore();
    disk.names.set("broken", [digestOf("released")]);
    disk.unreadableNames.add("broken");
    const before = copyDisk(disk);
    const outcome = await sweep(portsOf(disk)).then(
      () => "done",
      () => "stopped",
    );
    if (outcome === "done") return "swept past a name that cannot be read";
    return sameBlobs(before, disk) ? undefined : "changed a store it could not judge";
  },
  async function takesNoOrphanWhereThereIsNoName(sweep) {
    const disk = createStore();
    disk.names.clear();
    await sweep(portsOf(disk)).catch(() => {});
    return isReadable(disk, digestOf("orphan"))
      ? undefined
      : "took a store without names at its word";
  },
  async function doesNothingInADryRun(sweep) {
    const disk = createStore();
    const before = copyDisk(disk);
    await sweep(portsOf(disk), { dryRun: true });
    return JSON.stringify([...before.orphans]) === JSON.stringify([...disk.orphans]) &&
      sameBlobs(before, disk)
      ? undefined
      : "a dry run changed something";
  },
];

function sameBlobs(a: FakeDisk, b: FakeDisk): boolean {
  const keys = (disk: FakeDisk): string =>
    [...disk.blobs.keys(), ...disk.trash.keys()].sort().join();
  return keys(a) === keys(b);
}

async function findBroken(sweep: Sweep): Promise<readonly string[]> {
  const broken = await Promise.all(promises.map((promise) => promise(sweep)));
  return broken.filter((one) => one !== undefined);
}

async function* nothing(): AsyncGenerator<never> {}

/** A port that shows everything at the first look and nothing at any later one. */
function once<T>(list: () => AsyncIterable<T>): () => AsyncIterable<T> {
  let looks = 0;
  return () => {
    looks += 1;
    return looks === 1 ? list() : nothing();
  };
}

async function* readableOnly(ports: GcPorts): AsyncGenerator<Root> {
  try {
    for await (const root of ports.roots()) yield root;
  } catch {
    // The planted fault: what cannot be read is passed over.
  }
}

const blobsWith = (ports: GcPorts, change: Partial<GcBlobs>): GcPorts => ({
  ...ports,
  blobs: { ...ports.blobs, ...change },
});

const mutants: readonly { readonly fault: string; readonly sweep: Sweep }[] = [
  {
    fault: "passes over a name it cannot read",
    sweep: (ports, options) =>
      collectGarbage({ ...ports, roots: () => readableOnly(ports) }, options),
  },
  {
    fault: "takes no second look at names",
    sweep: (ports, options) =>
      collectGarbage({ ...ports, roots: once(() => ports.roots()) }, options),
  },
  {
    fault: "takes no second look at leases",
    sweep: (ports, options) =>
      collectGarbage({ ...ports, leases: { list: once(() => ports.leases.list()) } }, options),
  },
  {
    fault: "takes no second look at pins",
    sweep: (ports, options) => {
      const list = once(() => ports.pins?.list() ?? nothing());
      return collectGarbage({ ...ports, pins: { list } }, options);
    },
  },
  {
    fault: "deletes for good before it looks",
    sweep: (ports, options) =>
      collectGarbage(
        blobsWith(ports, {
          async trash(digest, id) {
            const trashed = await ports.blobs.trash(digest, id);
            await trashed?.destroy();
            return trashed;
          },
        }),
        options,
      ),
  },
  {
    fault: "empties the trash of a crashed sweep unseen",
    sweep: async (ports, options) => {
      if (options?.dryRun !== true) {
        for await (const trashed of ports.blobs.listTrash()) await trashed.destroy();
      }
      return collectGarbage(ports, options);
    },
  },
  {
    fault: "leaves the trash of a crashed sweep where it is",
    sweep: (ports, options) => collectGarbage(blobsWith(ports, { listTrash: nothing }), options),
  },
  {
    fault: "judges age by the time of the file",
    sweep: (ports, options) => collectGarbage(ports, { ...options, policy: { minAgeMs: 0 } }),
  },
  {
    fault: "lets orphans wait for ever",
    sweep: (ports, options) => collectGarbage({ ...ports, orphans: undefined }, options),
  },
  {
    fault: "takes an empty list of names at its word",
    sweep: (ports, options) => collectGarbage(ports, { ...options, policy: { allowEmpty: true } }),
  },
  {
    fault: "lets things expire whatever their age",
    sweep: (ports, options) =>
      collectGarbage(ports, { ...options, policy: { expire: { partial: { ageMs: 0 } } } }),
  },
  {
    fault: "records in a dry run what it saw",
    sweep: async (ports, options) => {
      const report = await collectGarbage(ports, options);
      await ports.orphans?.write(report.plan.newOrphans.map((digest) => [digest, NOW_MS]));
      return report;
    },
  },
  {
    fault: "sweeps in a dry run",
    sweep: (ports, options) => collectGarbage(ports, { ...options, dryRun: false }),
  },
];

describe("the promises of a sweep", () => {
  it("are kept", async () => {
    expect(await findBroken(collectGarbage)).toEqual([]);
  });

  it.each(mutants)("show a sweep that $fault", async ({ sweep }) => {
    expect(await findBroken(sweep)).not.toEqual([]);
  });
});
