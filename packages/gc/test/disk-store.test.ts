// Sweeps over real files: stopped, or failed, at every call to the file system.

import { cp, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

import {
  type Digest,
  type FsPort,
  nodeFs,
  openBlobStore,
  openLayout,
  openLeaseStore,
} from "@store/layout";
import {
  collectContent,
  createFaultyFs,
  createTemporaryLayout,
  type FsFault,
  type TemporaryLayout,
} from "@store/layout/testing";
import { FULL } from "@store/testing";
import { describe, expect, it } from "vitest";

import { collectGarbage, type GcPorts, openOrphanRecord } from "../src/index.ts";
import { digestOf } from "./support/digests.ts";
import { diskPorts, putContent, readTree, writeName } from "./support/disk-store.ts";

const START_MS = Date.now();
const DAY_MS = 86_400_000;
const contents = ["named", "named, in the trash", "released", "orphan", "in the trash"] as const;
const [named, namedInTrash, released, orphan, inTrash] = contents.map(digestOf) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];

/** One of everything, a little time before the sweep. */
async function createStore(): Promise<TemporaryLayout> {
  const temporary = await createTemporaryLayout();
  const { layout } = temporary;
  for (const content of contents) await putContent(layout, content);
  await writeName(layout, "a", [named, namedInTrash]);
  await openBlobStore(layout).release([released]);
  await openOrphanRecord(layout).write([[orphan, START_MS]]);
  for (const digest of [namedInTrash, inTrash]) {
    await openBlobStore(layout).trash(digest, "crashed");
  }
  return temporary;
}

/** Safety rests on no lock, so none is taken. */
async function portsAt(
  root: string,
  options: { readonly fs?: FsPort; readonly days?: number } = {},
): Promise<GcPorts> {
  const { fs = nodeFs, days = 2 } = options;
  const layout = await openLayout(root, { fs, now: () => START_MS + days * DAY_MS });
  const withSweepLock: GcPorts["withSweepLock"] = (body) => body(new AbortController().signal);
  return { ...diskPorts(layout), withSweepLock };
}

async function expectFinished({ layout, root }: TemporaryLayout): Promise<void> {
  const blobs = openBlobStore(layout);
  const left: Digest[] = [];
  // Listed by the names of directories, some of which a crash has left without a blob.
  for await (const digest of blobs.list()) {
    if ((await blobs.stat(digest)) !== undefined) left.push(digest);
  }
  expect(left).toEqual([named, namedInTrash].sort());
  const trash = [...(await readTree(root)).keys()].filter((path) => path.includes("data.trash"));
  expect(trash).toEqual([]);
}

async function expectNamesWhole({ layout }: TemporaryLayout): Promise<void> {
  const blobs = openBlobStore(layout);
  const texts = await Promise.all(
    [named, namedInTrash].map(async (digest) => {
      return Buffer.from(await collectContent(blobs.read(digest))).toString();
    }),
  );
  expect(texts).toEqual(["named", "named, in the trash"]);
}

/** By default every seventh call is enough: each is made in the long suite. */
const STEP = FULL ? 1 : 7;

async function atEveryCall(fault: (at: number) => FsFault): Promise<number> {
  await using original = await createStore();
  for (let at = 1; ; at += STEP) {
    // Copied, because a store that is made waits for the disk many times.
    await using store = await createTemporaryLayout();
    await mkdir(dirname(store.root), { recursive: true });
    await cp(original.root, store.root, { recursive: true });
    const fs = createFaultyFs(nodeFs, fault(at));
    try {
      await collectGarbage(await portsAt(store.root, { fs }));
    } catch (error) {
      if (!fs.struck) throw error;
    }
    if (!fs.struck) {
      await expectFinished(store);
      return at - STEP;
    }
    // Later, because a record that could not be read has made every orphan young again.
    await collectGarbage(await portsAt(store.root, { days: 4 }));
    await expectNamesWhole(store);
    await expectFinished(store);
  }
}

describe("a sweep over real files", () => {
  it("deletes what nobody needs and handles what a crashed sweep left", async () => {
    await using store = await createStore();
    const report = await collectGarbage(await portsAt(store.root));
    expect(report.destroyed).toEqual([released, orphan, inTrash].sort());
    expect(report.restored).toEqual([namedInTrash]);
    expect(report.freedBytes).toBe("releasedorphanin the trash".length);
    await expectNamesWhole(store);
    await expectFinished(store);
  });

  it("changes no byte in a dry run, not even of what lies in the trash", async () => {
    await using store = await createStore();
    const before = await readTree(store.root);
    const { plan } = await collectGarbage(await portsAt(store.root), { dryRun: true });
    expect(plan.candidates.map(({ digest }) => digest)).toEqual([released, orphan].sort());
    expect(plan.trashed).toEqual([namedInTrash, inTrash].sort());
    expect(await readTree(store.root)).toEqual(before);
  });

  it("keeps a blob that a live lease names even when no name does, until the lease ends", async () => {
    await using store = await createStore();
    const lease = await openLeaseStore(store.layout).acquire([released], { reason: "pull" });
    await collectGarbage(await portsAt(store.root, { days: 0 }));
    expect(await openBlobStore(store.layout).stat(released)).toBeDefined();
    await lease[Symbol.asyncDispose]();
    const report = await collectGarbage(await portsAt(store.root, { days: 0 }));
    expect(report.destroyed).toEqual([released]);
  });

  it("does a dry run over a store that is not there, and leaves it so", async () => {
    await using store = await createTemporaryLayout();
    const report = await collectGarbage(diskPorts(store.layout), { dryRun: true });
    expect(report.plan.candidates).toEqual([]);
    expect(await nodeFs.stat(store.root).catch(String)).toContain("ENOENT");
  });

  it("loses nothing in a crash at any call, and the next sweep finishes", async () => {
    expect(await atEveryCall((at) => ({ kind: "stop", at }))).toBeGreaterThan(50);
  }, 300_000);

  it("loses nothing when any one call is refused, and the next sweep finishes", async () => {
    const calls = await atEveryCall((at) => ({ kind: "error", at, errno: "EACCES" }));
    expect(calls).toBeGreaterThan(50);
  }, 300_000);
});
