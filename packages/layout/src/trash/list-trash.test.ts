import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";

import { describe, expect, it } from "vitest";

import { interceptFs } from "../../test/intercept-fs.ts";
import { createSimulatedMachine } from "../../test/faults/simulated-processes.ts";
import { openBlobStore } from "../blobs/disk-blob-store.ts";
import type { Digest } from "../digest/digest.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { ProcessTable } from "../processes/process-identity.ts";
import type { Layout } from "../root/layout.ts";
import { createContent } from "../testing/content.ts";
import { createFaultyFs, FsStopped } from "../testing/faulty-fs.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { listSpentMarks } from "./spent-marks.ts";

async function listed(layout: Layout): Promise<readonly string[]> {
  const digests: string[] = [];
  for await (const trashed of openBlobStore(layout).listTrash()) digests.push(trashed.digest);
  return digests;
}

const bootRecords = async ({ paths }: Layout): Promise<readonly string[]> =>
  (await readdir(paths.trashed)).filter((name) => name.startsWith("boot-"));

/** A day on which the walk of a few fan-outs passes a blob by. */
const passingBy = (digest: Digest): number =>
  86_400_000 * (1 + Number.parseInt(digest.slice("sha256:".length, -62), 16));

it("looks only where a mark is, and at all else once in 64 days", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(createContent(5_000, 41));
  for (let seed = 0; seed < 20; seed += 1) await blobs.add(createContent(100, 50 + seed));
  await blobs.trash(digest, "sweep");

  const looked = new Set<string>();
  const watching = interceptFs(nodeFs, async (operation, path) => {
    const blob = /\/sha256\/..\/([0-9a-f]{64})/.exec(path)?.[1];
    if (operation === "readdir" && blob !== undefined) looked.add(`sha256:${blob}`);
  });
  const now = passingBy(digest);
  expect(await listed(await temporary.reopen({ fs: watching, now: () => now }))).toEqual([digest]);
  expect(looked.size).toBeLessThan(5);

  await rm(layout.paths.trashed, { recursive: true });
  let found = 0;
  for (let day = 0; day < 64; day += 1) {
    const other = await temporary.reopen({ now: () => now + day * 86_400_000 });
    found += (await listed(other)).length;
  }
  expect(found).toBe(1);
});

/**
 * A disk that keeps everything but the marks, which it loses unless their directory was synced since.
 * No file system is known to be as mean, and none promises not to be.
 */
function createForgetfulDisk(): { readonly fs: FsPort; cutPower(): Promise<void> } {
  const unsynced = new Set<string>();
  const fs: FsPort = {
    ...nodeFs,
    async open(path, mode, options) {
      const file = await nodeFs.open(path, mode, options);
      if (mode === "create" && path.includes("/.store/trashed/")) unsynced.add(path);
      return file;
    },
    async syncDirectory(path) {
      await nodeFs.syncDirectory(path);
      if (basename(path) === "trashed") unsynced.clear();
    },
  };
  return {
    fs,
    async cutPower() {
      for (const path of unsynced) await rm(path, { force: true });
      unsynced.clear();
    },
  };
}

describe("after a power cut that took the marks", () => {
  /** A sweep of three blobs that ends at a call, and the power with it. */
  async function sweepUntil(at: number): Promise<boolean> {
    const machine = createSimulatedMachine();
    const disk = createForgetfulDisk();
    await using temporary = await createTemporaryLayout({ processes: machine.start().processes });
    const digests: Digest[] = [];
    for (const seed of [60, 61, 62])
      digests.push((await openBlobStore(temporary.layout).add(createContent(100, seed))).digest);
    const faulty = createFaultyFs(disk.fs, { kind: "stop", at });
    const { processes } = machine.start();
    try {
      const blobs = openBlobStore(await temporary.reopen({ fs: faulty, processes }));
      for (const digest of digests) await blobs.trash(digest, "sweep");
    } catch (error) {
      if (!(error instanceof FsStopped)) throw error;
    }
    await disk.cutPower();
    machine.reboot();

    const present = new Set<string>();
    const tree = await readdir(temporary.layout.paths.sha256, { recursive: true });
    for (const path of tree) {
      const [, hex] = /([0-9a-f]{64})\/data\.trash-sweep$/.exec(path) ?? [];
      if (hex !== undefined) present.add(`sha256:${hex}`);
    }
    const later = { processes: machine.start().processes, now: () => passingBy(digests[0]!) };
    expect(await listed(await temporary.reopen(later)), `ended at call ${at}`).toEqual(
      [...present].toSorted(),
    );
    return faulty.struck;
  }

  it("all trash is found by the next sweep, wherever the last one ended", async () => {
    let at = 1;
    while (await sweepUntil(at)) at += 1;
    expect(at).toBeGreaterThan(20);
  });
});

describe("the record of a boot", () => {
  async function withTrash(
    processes: ProcessTable,
    body: (
      layout: Layout,
      digest: Digest,
      reopen: (processes: ProcessTable) => Promise<Layout>,
    ) => Promise<void>,
  ): Promise<void> {
    await using temporary = await createTemporaryLayout({ processes });
    const { digest } = await openBlobStore(temporary.layout).add(createContent(200, 63));
    await openBlobStore(temporary.layout).trash(digest, "sweep");
    await body(temporary.layout, digest, (other) =>
      temporary.reopen({ processes: other, now: () => passingBy(digest) }),
    );
  }

  it("is made once for all processes of the boot, and costs their sweeps no walk", async () => {
    const machine = createSimulatedMachine();
    await withTrash(machine.start().processes, async (layout, digest, reopen) => {
      const second = await reopen(machine.start().processes);
      const added = await openBlobStore(second).add(createContent(200, 64));
      await openBlobStore(second).trash(added.digest, "other");
      expect(await bootRecords(layout)).toHaveLength(1);
      await rm(join(layout.paths.trashed, `${digest.slice("sha256:".length)}.sweep`));
      expect(await listed(second)).toEqual([added.digest]);
      expect(await listSpentMarks(second)).toEqual([]);
    });
  });

  it("is spent once a later boot sees no trash left", async () => {
    const machine = createSimulatedMachine();
    await withTrash(machine.start().processes, async (layout, _digest, reopen) => {
      machine.reboot();
      const later = await reopen(machine.start().processes);
      expect(await listSpentMarks(later)).toEqual([]);
      for await (const trashed of openBlobStore(later).listTrash()) await trashed.destroy();
      expect(await listSpentMarks(later)).toEqual(await bootRecords(layout));
    });
  });

  it("is each process's own where the system does not tell boots apart", async () => {
    const machine = createSimulatedMachine();
    const bootless = (): ProcessTable => {
      const { processes } = machine.start();
      const self = async () => ({ ...(await processes.self()), boot: undefined });
      return { ...processes, self };
    };
    await withTrash(bootless(), async (layout, digest, reopen) => {
      await rm(join(layout.paths.trashed, `${digest.slice("sha256:".length)}.sweep`));
      expect(await listed(await reopen(bootless()))).toEqual([digest]);
      expect(await bootRecords(layout)).toHaveLength(1);
    });
  });

  it("is durable before a blob is moved aside", async () => {
    const calls: string[] = [];
    const fs = interceptFs(nodeFs, async (operation, path) => {
      calls.push(`${operation} ${basename(path).replace(/-[0-9a-f]{16}$/, "")}`);
    });
    await using temporary = await createTemporaryLayout({ fs });
    const { digest } = await openBlobStore(temporary.layout).add(createContent(200, 65));
    calls.length = 0;
    await openBlobStore(temporary.layout).trash(digest, "sweep");
    const made = calls.indexOf("open boot");
    const durable = calls.indexOf("syncDirectory trashed");
    const moved = calls.indexOf("rename data");
    expect(made).toBeGreaterThanOrEqual(0);
    expect(durable).toBeGreaterThan(made);
    expect(moved).toBeGreaterThan(durable);
  });
});
