import { readdir, rename, utimes } from "node:fs/promises";
import { join } from "node:path";

import { type Digest, digestBytes, type Layout, nodeFs, openBlobStore } from "@store/layout";
import { collectContent, createContent, createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  applyRepack,
  createPackWriter,
  openPackDebris,
  openPackSet,
  openSweepablePacks,
  packInfoOf,
  packPath,
  planRepack,
  type RepackPlan,
  type RepackPolicy,
  verifyPacks,
} from "../../src/index.ts";
import { noOneNeeds, openBlobs } from "../support/stores.ts";

const contents = Array.from({ length: 10 }, (_, seed) => createContent(800, 100 + seed));
const digests = contents.map((content) => digestBytes(content));
const policy: RepackPolicy = { liveShareMin: 0.5, mergeBelowBytes: 0, packBytesMax: 1 << 20 };

async function writePack(layout: Layout, which: readonly number[]) {
  await using writer = createPackWriter(layout);
  for (const index of which) await writer.add(contents[index]!);
  return (await writer.finish()).id;
}

async function planFor(
  layout: Layout,
  live: readonly number[],
  chosen: RepackPolicy = policy,
): Promise<RepackPlan> {
  await using set = await openPackSet(layout);
  const alive = new Set(live.map((index) => digests[index]!));
  return await planRepack(await Promise.all(set.packs().map(packInfoOf)), alive, chosen);
}

async function damage(layout: Layout, id: Parameters<typeof packPath>[1]): Promise<void> {
  const path = packPath(layout, id, "dat");
  await nodeFs.chmod(path, 0o644);
  const file = await nodeFs.open(path, "update");
  await file.write(new Uint8Array(20).fill(0xee), 60);
  await file.close();
}

async function expectReadable(layout: Layout, which: readonly number[]): Promise<void> {
  await using opened = await openBlobs(layout);
  for (const index of which) {
    expect(await collectContent(opened.blobs.read(digests[index]!))).toEqual(contents[index]);
  }
}

describe("applyRepack", () => {
  it("writes what is live anew, with the very same frames, and deletes the rest", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    const id = await writePack(layout, [0, 1, 2, 3, 4]);
    const plan = await planFor(layout, [1, 3]);
    const report = await applyRepack(layout, plan, { lookAgain: noOneNeeds });
    expect(report).toMatchObject({ deleted: [id], kept: [], freedBytes: plan.reclaimBytes });
    await using expected = createPackWriter(layout);
    for (const index of [1, 3]) await expected.add(contents[index]!);
    expect((await expected.finish()).id).toBe(report.written[0]?.id);
    await expectReadable(layout, [1, 3]);
    expect((await readdir(layout.paths.packs)).filter((name) => name.includes(id))).toEqual([]);
    for await (const { message } of verifyPacks(layout)) expect.fail(message);
  });

  it("merges small packs", async () => {
    await using store = await createTemporaryLayout();
    const ids = [
      await writePack(store.layout, [0, 1]),
      await writePack(store.layout, [2]),
      await writePack(store.layout, [3, 4]),
    ];
    const plan = await planFor(store.layout, [0, 1, 2, 3, 4], {
      ...policy,
      mergeBelowBytes: 50_000,
    });
    const report = await applyRepack(store.layout, plan, { lookAgain: noOneNeeds });
    expect(report.deleted).toEqual(ids.toSorted());
    expect(report.written).toMatchObject([{ count: 5 }]);
    await expectReadable(store.layout, [0, 1, 2, 3, 4]);
  });

  it("keeps a pack of which something is needed after all", async () => {
    await using store = await createTemporaryLayout();
    const id = await writePack(store.layout, [0, 1, 2]);
    const asked: Digest[] = [];
    const report = await applyRepack(store.layout, await planFor(store.layout, [1]), {
      async lookAgain(dropped) {
        // D2 comes after D1.
        expect(await readdir(store.layout.paths.packs)).not.toContain(`pack-${id}.idx`);
        asked.push(...dropped);
        return new Set([digests[2]!]);
      },
    });
    expect(asked).toEqual([digests[0]!, digests[2]!].toSorted());
    expect(report).toMatchObject({ deleted: [], kept: [{ id, why: "needed" }] });
    await expectReadable(store.layout, [0, 1, 2]);
  });

  it("does not rely on a kept pack that turns out damaged", async () => {
    await using store = await createTemporaryLayout();
    const sparse = await writePack(store.layout, [0, 1, 2]);
    const keeper = await writePack(store.layout, [0]);
    const plan = await planFor(store.layout, [0]);
    expect(plan).toMatchObject({ deletes: [sparse], relied: [{ pack: keeper }] });
    await damage(store.layout, keeper);
    const report = await applyRepack(store.layout, plan, { lookAgain: noOneNeeds });
    expect(report).toMatchObject({ deleted: [], kept: [{ id: sparse, why: "damaged" }] });
    await expectReadable(store.layout, [0]);
  });

  it("keeps a pack with a damaged object, and moves the others all the same", async () => {
    await using store = await createTemporaryLayout();
    const [first, second] = [
      await writePack(store.layout, [0, 1, 2, 3]),
      await writePack(store.layout, [4, 5, 6, 7]),
    ];
    await damage(store.layout, first);
    const plan = await planFor(store.layout, [0, 5]);
    const report = await applyRepack(store.layout, plan, { lookAgain: noOneNeeds });
    expect(report).toMatchObject({ deleted: [second], kept: [{ id: first, why: "damaged" }] });
    await expectReadable(store.layout, [5]);
  });

  it("loses nothing when two at once rely on each other's pack", async () => {
    await using store = await createTemporaryLayout();
    const [one, other] = [
      await writePack(store.layout, [0, 1, 2, 3]),
      await writePack(store.layout, [0, 4, 5, 6]),
    ];
    const shared = { version: 1, writes: [], keeps: [], reclaimBytes: 0 } as const;
    const relying = (on: typeof one, from: typeof one): RepackPlan => ({
      ...shared,
      deletes: [from],
      relied: [{ digest: digests[0]!, pack: on }],
    });
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([
        applyRepack(store.layout, relying(one, other), { lookAgain: noOneNeeds }),
        applyRepack(store.layout, relying(other, one), { lookAgain: noOneNeeds }),
      ]);
      await expectReadable(store.layout, [0]);
      await writePack(store.layout, [0, 1, 2, 3]);
      await writePack(store.layout, [0, 4, 5, 6]);
    }
  });

  it("gives everything back when the look fails", async () => {
    await using store = await createTemporaryLayout();
    await writePack(store.layout, [0, 1, 2]);
    const plan = await planFor(store.layout, []);
    const failure = new Error("a name cannot be read");
    const apply = applyRepack(store.layout, plan, { lookAgain: () => Promise.reject(failure) });
    await expect(apply).rejects.toBe(failure);
    await expectReadable(store.layout, [0, 1, 2]);
    expect((await readdir(store.layout.paths.packs)).some((name) => /trash/.test(name))).toBe(
      false,
    );
  });
});

describe("openSweepablePacks", () => {
  it("drops objects from a pack, and forgets that they were released", async () => {
    await using store = await createTemporaryLayout();
    const id = await writePack(store.layout, [0, 1, 2]);
    const blobs = openBlobStore(store.layout);
    await blobs.release([digests[0]!, digests[2]!]);
    await using set = await openPackSet(store.layout);
    expect(await set.stat(digests[0]!)).toMatchObject({ released: true });
    const sweepable = openSweepablePacks(store.layout, set);
    const listed = [];
    for await (const pack of sweepable.list()) listed.push(pack);
    expect(listed).toEqual([{ id, digests: [0, 1, 2].map((index) => digests[index]).toSorted() }]);
    const freed = await sweepable.drop(id, [digests[0]!, digests[2]!], { lookAgain: noOneNeeds });
    expect(freed).toBeGreaterThan(1500);
    await expectReadable(store.layout, [1]);
    await set.refresh();
    expect(await set.stat(digests[0]!)).toBeUndefined();
    expect(await readdir(store.layout.paths.released)).toEqual([]);
    expect(await sweepable.drop(id, [digests[1]!], { lookAgain: noOneNeeds })).toBe(0);
    await expect(sweepable.drop("../x", [], { lookAgain: noOneNeeds })).rejects.toMatchObject({
      code: "ERR_STORE_PACK_ID_INVALID",
    });
  });
});

describe("openPackDebris", () => {
  it("lists and removes what interrupted work left, and nothing else", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    const [dead, alive, aside] = [
      await writePack(layout, [0]),
      await writePack(layout, [1]),
      await writePack(layout, [2]),
    ];
    const at = (name: string): string => join(layout.paths.packs, name);
    await nodeFs.unlink(packPath(layout, dead, "idx"));
    await rename(packPath(layout, aside, "idx"), at(`pack-${aside}.idx.trash-a`));
    await nodeFs.link(packPath(layout, alive, "idx"), at(`pack-${alive}.idx.trash-b`));
    await nodeFs.copyFile(packPath(layout, alive, "dat"), at("notes.txt"));
    const old = new Date(Date.now() - 1_000_000);
    for (const name of await readdir(layout.paths.packs)) await utimes(at(name), old, old);
    const debris = openPackDebris(layout);
    const ids: string[] = [];
    for await (const { id, ageMs } of debris.list()) {
      ids.push(id);
      expect(ageMs).toBeGreaterThan(900_000);
    }
    expect(ids).toEqual(
      [
        `packs/pack-${dead}.dat`,
        `packs/pack-${dead}.ids`,
        `packs/pack-${alive}.idx.trash-b`,
      ].toSorted(),
    );
    for (const id of ids) await debris.remove(id);
    for await (const { id } of debris.list()) expect.fail(id);
    expect(await readdir(layout.paths.packs)).toContain("notes.txt");
    await expectReadable(layout, [1, 2]);
    await expect(debris.remove("packs/notes.txt")).rejects.toThrow(TypeError);
    await debris.remove(`packs/pack-${alive}.dat`);
    await expectReadable(layout, [1]);
  });
});
