import { readdir, readFile, rm, writeFile } from "node:fs/promises";

import { createId, digestBytes, type FsPort, type Layout, nodeFs } from "@store/layout";
import { createContent, createTemporaryLayout } from "@store/layout/testing";
import { expect, it } from "vitest";

import { packDirectoryOf } from "../../src/chkl/pack-home.ts";
import {
  createPackWriter,
  openPackSet,
  packBlobs,
  type PackId,
  packPath,
  unpackBlobs,
  verifyPacks,
} from "../../src/index.ts";
import { openPackDebris } from "../../src/trash/open-pack-debris.ts";
import { rescueIndex } from "../../src/trash/rescue-index.ts";
import { type TrashedPack, trashPack } from "../../src/trash/trash-pack.ts";
import { addAll } from "../support/stores.ts";

const content = createContent(500, 1);
const digest = digestBytes(content);

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A sweep has moved the index aside; meanwhile the same pack was written anew and taken away. */
async function overtake(layout: Layout): Promise<{ id: PackId; trashed: TrashedPack }> {
  await addAll(layout, [content]);
  const [pack] = (await packBlobs(layout, [digest])).packs;
  const id = pack!.id;
  const trashed = await trashPack(packDirectoryOf(layout), id, createId());
  await using writer = createPackWriter(layout);
  await writer.add(content);
  expect((await writer.finish()).id).toBe(id);
  expect((await unpackBlobs(layout, [digest])).deleted).toEqual([id]);
  return { id, trashed: trashed! };
}

it("an index that is given back goes again where the data has gone meanwhile", async () => {
  await using store = await createTemporaryLayout();
  const { trashed } = await overtake(store.layout);
  await trashed.restore();
  expect(await readdir(store.layout.paths.packs)).toEqual([]);
});

it("a reader that rescues such an index does not take it for the pack", async () => {
  await using store = await createTemporaryLayout();
  const { id } = await overtake(store.layout);
  expect(await rescueIndex(packDirectoryOf(store.layout), id)).toBe(false);
  expect(await readdir(store.layout.paths.packs)).toEqual([]);
});

it("such an index is nothing wrong, and a leftover", async () => {
  await using store = await createTemporaryLayout();
  const { layout } = store;
  const { id } = await overtake(layout);
  const [name] = await readdir(layout.paths.packs);
  expect(name).toMatch(`pack-${id}.idx.trash-`);
  expect(await collect(verifyPacks(layout))).toEqual([]);
  await using set = await openPackSet(layout);
  expect(await set.stat(digest)).toBeUndefined();
  const left = await collect(openPackDebris(layout).list());
  expect(left.map(({ id: one }) => one)).toEqual([`packs/${name}`]);
});

it("an index alone, which a writer leaves that dies before it looks again, is nothing wrong and goes", async () => {
  await using store = await createTemporaryLayout();
  const { layout } = store;
  await addAll(layout, [content]);
  const [pack] = (await packBlobs(layout, [digest])).packs;
  for (const kind of ["dat", "ids"] as const) await rm(packPath(layout, pack!.id, kind));
  expect(await collect(verifyPacks(layout))).toEqual([]);
  await using set = await openPackSet(layout);
  expect(set.problems()).toEqual([]);
  const debris = openPackDebris(layout);
  const [left, ...others] = await collect(debris.list());
  expect([left?.id, others]).toEqual([`packs/pack-${pack!.id}.idx`, []]);
  await debris.remove(left!.id);
  expect(await readdir(layout.paths.packs)).toEqual([]);
});

it("an index whose data is lost is damage as long as it is known what it spoke of", async () => {
  await using store = await createTemporaryLayout();
  const { layout } = store;
  await addAll(layout, [content]);
  const [pack] = (await packBlobs(layout, [digest])).packs;
  await rm(packPath(layout, pack!.id, "dat"));
  expect(await collect(verifyPacks(layout))).toMatchObject([{ code: "ERR_STORE_PACK_INVALID" }]);
  const debris = openPackDebris(layout);
  expect(await collect(debris.list())).toEqual([]);
  await debris.remove(`packs/pack-${pack!.id}.idx`);
  expect(await readdir(layout.paths.packs)).toHaveLength(2);
});

it("an index that a writer names while its data goes, before it dies, goes as well", async () => {
  await using store = await createTemporaryLayout();
  await addAll(store.layout, [content]);
  const [pack] = (await packBlobs(store.layout, [digest])).packs;
  const index = packPath(store.layout, pack!.id, "idx");
  const bytes = await readFile(index);
  const fs: FsPort = {
    ...nodeFs,
    async unlink(path) {
      if (/\.dat\.trash-/.test(path)) await writeFile(index, bytes);
      await nodeFs.unlink(path);
    },
  };
  const layout = await store.reopen({ fs });
  expect((await unpackBlobs(layout, [digest])).deleted).toEqual([pack!.id]);
  expect(await collect(verifyPacks(layout))).toMatchObject([{ severity: "note" }]);
  expect(await readdir(layout.paths.packs)).toEqual([`pack-${pack!.id}.ids`]);
});
