import { rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { hashPackKey, openPack, type PackId, packPath, verifyPacks } from "../src/index.ts";
import {
  bytesOf,
  createTemporaryPacks,
  hexOf,
  readFiles,
  type TemporaryPacks,
  writePack,
} from "./support/packs.ts";

const contents = [bytesOf("hello"), createContent(5000, 1), createContent(70, 2), bytesOf("end")];

interface PartsList {
  version: unknown;
  pack_hash: unknown;
  dat_size: unknown;
  chunk_bytes: unknown;
  parts: { path: unknown; offset: unknown; size: unknown }[];
}

/** Splits the data file of a pack as chkpt does, and lets a test change what the list says. */
async function split(
  packs: TemporaryPacks,
  partBytes: number,
  change: (list: PartsList) => unknown = (list) => list,
): Promise<PackId> {
  const { id, size } = await writePack(packs.home, contents);
  const data = (await readFiles(packs.home.dir)).get(`pack-${id}.dat`) ?? new Uint8Array();
  const list: PartsList = {
    version: 1,
    pack_hash: id,
    dat_size: size,
    chunk_bytes: partBytes,
    parts: [],
  };
  for (let offset = 0; offset < size; offset += partBytes) {
    const path = `pack-${id}.dat.part-${String(list.parts.length).padStart(6, "0")}`;
    const part = data.subarray(offset, offset + partBytes);
    await writeFile(join(packs.home.dir, path), part);
    list.parts.push({ path, offset, size: part.length });
  }
  await writeFile(
    `${packPath(packs.home, id, "dat")}.parts.json`,
    `${JSON.stringify(change(list))}\n`,
  );
  await unlink(packPath(packs.home, id, "dat"));
  return id;
}

describe("a pack whose data chkpt has split", () => {
  it.for([1000, 24, 4999, 1_000_000])("is read from parts of %i bytes", async (partBytes) => {
    await using packs = await createTemporaryPacks();
    const id = await split(packs, partBytes);
    await using pack = await openPack(packs.home, id);
    for (const content of contents) {
      expect(hexOf(await pack.read(hashPackKey(content)))).toBe(hexOf(content));
    }
    for await (const finding of verifyPacks(packs.home)) expect.fail(finding.message);
  });

  it("is read from the whole file where that is still there: it is removed last", async () => {
    await using packs = await createTemporaryPacks();
    await split(packs, 1000);
    const { id } = await writePack(packs.home, contents);
    await rm(join(packs.home.dir, `pack-${id}.dat.part-000000`));
    await using pack = await openPack(packs.home, id);
    expect(hexOf(await pack.read(hashPackKey(bytesOf("end"))))).toBe(hexOf(bytesOf("end")));
  });

  it("is damaged if a part is missing or has another size", async () => {
    await using packs = await createTemporaryPacks();
    const id = await split(packs, 1000);
    const part = join(packs.home.dir, `pack-${id}.dat.part-000002`);
    await writeFile(part, createContent(999));
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_TRUNCATED");
    await unlink(part);
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_TRUNCATED");
  });

  const lies: Readonly<Record<string, (list: PartsList) => unknown>> = {
    "is no object": () => [],
    "is of another version": (list) => ({ ...list, version: 2 }),
    "is for another pack": (list) => ({ ...list, pack_hash: "0".repeat(16) }),
    "adds up to another size": (list) => ({ ...list, dat_size: Number(list.dat_size) + 1 }),
    "has no parts": (list) => ({ ...list, dat_size: 0, parts: [] }),
    "has parts that are no list": (list) => ({ ...list, parts: { length: 1 } }),
    "has a part that is no object": (list) => ({ ...list, parts: [null, ...list.parts] }),
    "names a file elsewhere": (list) => withPart(list, 0, { path: "../../etc/passwd" }),
    "names an absolute path": (list) => withPart(list, 0, { path: "/etc/passwd" }),
    "names the parts in another order": (list) => withPart(list, 0, { path: list.parts[1]?.path }),
    "has a gap": (list) => withPart(list, 1, { offset: 1001 }),
    "has an overlap": (list) => withPart(list, 1, { offset: 999 }),
    "has an empty part": (list) => withPart(list, 1, { size: 0 }),
    "has a negative size": (list) => withPart(list, 1, { size: -1000 }),
    "has a size that is no whole number": (list) => withPart(list, 1, { size: 0.5 }),
    "has a size in a string": (list) => withPart(list, 1, { size: "1000" }),
    "has more parts than we open": (list) => ({ ...list, parts: Array(1025).fill(list.parts[0]) }),
  };

  it.for(Object.keys(lies))("is damaged if the list %s", async (lie) => {
    await using packs = await createTemporaryPacks();
    const id = await split(packs, 1000, lies[lie]);
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_INVALID");
  });

  it("is damaged if the list is no JSON, or larger than any list", async () => {
    await using packs = await createTemporaryPacks();
    const id = await split(packs, 1000);
    const path = `${packPath(packs.home, id, "dat")}.parts.json`;
    for (const bytes of [bytesOf("{"), Uint8Array.of(0xff), new Uint8Array(1024 * 1024 + 1)]) {
      await writeFile(path, bytes);
      await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_INVALID");
    }
  });
});

function withPart(
  list: PartsList,
  index: number,
  fields: Partial<PartsList["parts"][0]>,
): PartsList {
  const parts = list.parts.map((part, at) => (at === index ? { ...part, ...fields } : part));
  return { ...list, parts };
}
