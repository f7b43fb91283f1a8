import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { digestBytes } from "../digest/digester.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { type DebrisItem, openPartialDebris } from "./partial-debris.ts";

const content = createContent(10_000, 1);
const digest = digestBytes(content);

async function itemsOf(
  debris: ReturnType<typeof openPartialDebris>,
): Promise<readonly DebrisItem[]> {
  const items: DebrisItem[] = [];
  for await (const item of debris.list()) items.push(item);
  return items;
}

it("lists our given-up transfers with their age and size, and removes them", async () => {
  let now = Date.now();
  await using temporary = await createTemporaryLayout({ now: () => now });
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const known = await blobs.ingest({ digest, size: content.length });
  await known.writeAt(0, content.slice(0, 5000));
  await known[Symbol.asyncDispose]();
  const unknown = await blobs.ingest({ key: "a place", validator: "1" });
  await unknown.writeAt(0, content);
  await unknown[Symbol.asyncDispose]();
  now += 1_000_000;

  const debris = openPartialDebris(layout);
  const items = await itemsOf(debris);
  expect(items).toHaveLength(2);
  for (const { ageMs, bytes } of items) {
    expect(ageMs).toBeGreaterThan(900_000);
    expect(bytes).toBeGreaterThanOrEqual(5000);
  }
  for (const { id } of items) await debris.remove(id);
  for (const { id } of items) await debris.remove(id);
  expect(await itemsOf(debris)).toEqual([]);
  expect(await readdir(layout.paths.blobs)).toEqual(["sha256"]);
});

it("leaves another tool's transfer, and everything that is not a transfer, alone", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  await openBlobStore(layout).add(content);
  const foreign = join(layout.paths.fanout(digest), `.partial-${digest.slice(7)}`, "data.tmp");
  await mkdir(dirname(foreign));
  await writeFile(foreign, content);
  await writeFile(join(layout.paths.blobs, ".incoming-README"), "");

  const debris = openPartialDebris(layout);
  expect(await itemsOf(debris)).toEqual([]);
  for (const id of ["blobs", "../x", `blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`]) {
    await expect(debris.remove(id)).rejects.toThrow(TypeError);
  }
});
