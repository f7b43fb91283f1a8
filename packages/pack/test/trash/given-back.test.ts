import { readdir } from "node:fs/promises";

import { createId, digestBytes, type Finding, type Layout } from "@store/layout";
import { createContent, createTemporaryLayout } from "@store/layout/testing";
import { expect, it } from "vitest";

import { packDirectoryOf } from "../../src/chkl/pack-home.ts";
import {
  createPackWriter,
  openPackSet,
  packBlobs,
  type PackId,
  unpackBlobs,
  verifyPacks,
} from "../../src/index.ts";
import { openPackDebris } from "../../src/trash/open-pack-debris.ts";
import { rescueIndex } from "../../src/trash/rescue-index.ts";
import { type TrashedPack, trashPack } from "../../src/trash/trash-pack.ts";
import { addAll } from "../support/stores.ts";

const content = createContent(500, 1);
const digest = digestBytes(content);

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
  const findings: Finding[] = [];
  for await (const finding of verifyPacks(layout)) findings.push(finding);
  expect(findings).toEqual([]);
  await using set = await openPackSet(layout);
  expect(await set.stat(digest)).toBeUndefined();
  const left: string[] = [];
  for await (const item of openPackDebris(layout).list()) left.push(item.id);
  expect(left).toEqual([`packs/${name}`]);
});
