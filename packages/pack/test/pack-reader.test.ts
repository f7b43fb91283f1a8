import { mkdir, rm, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createPackWriter,
  encodeFrame,
  encodeIdentity,
  encodeIndex,
  hashPackKey,
  openPack,
  type PackHome,
  type PackId,
  packPath,
  parsePackId,
} from "../src/index.ts";
import { createReadOnlyFs } from "./support/memory-fs.ts";
import {
  bytesOf,
  createTemporaryPacks,
  hexOf,
  readFiles,
  textOf,
  writePack,
} from "./support/packs.ts";

const contents = ["", "hello world", "goodbye", "x".repeat(70_000)].map(bytesOf);

/** Replaces one of a pack's files, which are read-only. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await unlink(path);
  await writeFile(path, bytes);
}

describe("a pack reader", () => {
  it("reads every object by key and by digest", async () => {
    await using packs = await createTemporaryPacks();
    const { id, size } = await writePack(packs.home, contents);
    await using pack = await openPack(packs.home, id);
    expect(pack).toMatchObject({ id, size, count: 4, identifiedCount: 4 });
    for (const content of contents) {
      const [key, digest] = [hashPackKey(content), digestBytes(content)];
      expect(hexOf(await pack.read(key))).toBe(hexOf(content));
      expect(hexOf(await pack.readDigest(digest))).toBe(hexOf(content));
      expect(pack.findDigest(digest)).toEqual({ ...pack.find(key), digest, size: content.length });
    }
    expect([...pack.entries()].map(({ key }) => key)).toEqual(
      contents.map((content) => hashPackKey(content)).toSorted(),
    );
    expect([...pack.objects()].map(({ digest }) => digest)).toEqual(
      contents.map((content) => digestBytes(content)).toSorted(),
    );
  });

  it("answers undefined for what it does not hold, and fails to read it", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    await using pack = await openPack(packs.home, id);
    const absent = bytesOf("absent");
    expect(pack.find(hashPackKey(absent))).toBeUndefined();
    expect(pack.findDigest(digestBytes(absent))).toBeUndefined();
    await expectStoreError(pack.read(hashPackKey(absent)), "ERR_STORE_PACK_OBJECT_NOT_FOUND");
    await expectStoreError(pack.readDigest(digestBytes(absent)), "ERR_STORE_BLOB_NOT_FOUND");
  });

  it("reads a pack without a sidecar by key alone, as chkpt leaves them", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    await unlink(packPath(packs.home, id, "ids"));
    await using pack = await openPack(packs.home, id);
    expect(pack.identifiedCount).toBe(0);
    expect(textOf(await pack.read(hashPackKey(bytesOf("goodbye"))))).toBe("goodbye");
    expect(pack.findDigest(digestBytes(bytesOf("goodbye")))).toBeUndefined();
  });

  it("says that there is no pack where there is no index", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    await unlink(packPath(packs.home, id, "idx"));
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_NOT_FOUND");
    const missing = { ...packs.home, dir: join(packs.home.dir, "nowhere") };
    await expectStoreError(openPack(missing, id), "ERR_STORE_PACK_NOT_FOUND");
  });

  it("keeps reading while its files are deleted, and not once it is closed", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    const pack = await openPack(packs.home, id);
    await rm(packs.home.dir, { recursive: true });
    const reading = pack.read(hashPackKey(bytesOf("goodbye")));
    await pack[Symbol.asyncDispose]();
    expect(textOf(await reading)).toBe("goodbye");
    await expect(pack.read(hashPackKey(bytesOf("goodbye")))).rejects.toThrow(TypeError);
    await pack[Symbol.asyncDispose]();
  });

  it("stops before it reads when the caller has aborted", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    await using pack = await openPack(packs.home, id);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(pack.read(hashPackKey(bytesOf("goodbye")), { signal })).rejects.toThrow("enough");
  });

  it("finds that the file is cut while it is open", async () => {
    await using packs = await createTemporaryPacks();
    const { id, size } = await writePack(packs.home, contents);
    await using pack = await openPack(packs.home, id);
    await truncate(packPath(packs.home, id, "dat"), size - 1);
    const last = pack.readDigest(digestBytes(contents[3]!));
    await expectStoreError(last, "ERR_STORE_PACK_TRUNCATED");
    expect(textOf(await pack.read(hashPackKey(bytesOf("hello world"))))).toBe("hello world");
  });

  it("refuses links, directories and missing data files, as damage", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    const data = packPath(packs.home, id, "dat");
    await unlink(data);
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_INVALID");
    await symlink(packPath(packs.home, id, "idx"), data);
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_INVALID");
    await unlink(data);
    await mkdir(data);
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_PACK_INVALID");
  });
});

describe("a pack reader and large entries", () => {
  const large = new Uint8Array(5 * 1024 * 1024);

  async function writeLarge(home: PackHome): Promise<PackId> {
    await using writer = createPackWriter(home, { entryBytesMax: large.length });
    await writer.add(large);
    await writer.add(bytesOf("small"));
    return (await writer.finish()).id;
  }

  it("reads what chkpt may have packed beyond our own cap", async () => {
    await using packs = await createTemporaryPacks();
    const id = await writeLarge(packs.home);
    await using pack = await openPack(packs.home, id);
    expect(await pack.read(hashPackKey(large))).toHaveLength(large.length);
  });

  it("does not decode more than it was told to accept, with and without a known size", async () => {
    await using packs = await createTemporaryPacks();
    const id = await writeLarge(packs.home);
    const limits = { entryBytesMax: large.length - 1 };
    for (const sidecar of [true, false]) {
      if (!sidecar) await unlink(packPath(packs.home, id, "ids"));
      await using pack = await openPack(packs.home, id, limits);
      await expectStoreError(pack.read(hashPackKey(large)), "ERR_STORE_ENTRY_TOO_LARGE");
      expect(textOf(await pack.read(hashPackKey(bytesOf("small"))))).toBe("small");
    }
  });

  it("does not read a frame that no accepted content can have", async () => {
    await using packs = await createTemporaryPacks();
    const content = createContent(500_000);
    const { id } = await writePack(packs.home, [content]);
    await using pack = await openPack(packs.home, id, { entryBytesMax: 1000 });
    await expectStoreError(pack.read(hashPackKey(content)), "ERR_STORE_ENTRY_TOO_LARGE");
  });
});

describe("a pack reader and a lying pack", () => {
  /** A good pack in memory, to be changed. */
  async function load(): Promise<{ id: PackId; files: Map<string, Uint8Array>; home: PackHome }> {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    const files = await readFiles(packs.home.dir);
    return { id, files, home: { fs: createReadOnlyFs(files), dir: "/packs" } };
  }

  it("finds an index that belongs to another pack", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    const other = await writePack(packs.home, [bytesOf("other")]);
    const index = (await readFiles(packs.home.dir)).get(`pack-${other.id}.idx`);
    await replace(packPath(packs.home, id, "idx"), index ?? new Uint8Array());
    await expectStoreError(openPack(packs.home, id), "ERR_STORE_INDEX_INVALID");
  });

  it("finds two rows of the index with their places swapped", async () => {
    const { id, files, home } = await load();
    await using pack = await openPack(home, id);
    const [one, two, ...rest] = pack.entries();
    if (one === undefined || two === undefined) throw new Error("too few entries");
    const swapped = [{ ...two, key: one.key }, { ...one, key: two.key }, ...rest];
    files.set(`pack-${id}.idx`, encodeIndex(swapped));
    files.delete(`pack-${id}.ids`);
    await using lying = await openPack(home, id);
    await expectStoreError(lying.read(one.key), "ERR_STORE_ENTRY_INVALID");
    await expectStoreError(lying.read(two.key), "ERR_STORE_ENTRY_INVALID");
  });

  it("finds an entry whose content is not that of its key, in data, index and sidecar alike", async () => {
    const [real, claimed] = [bytesOf("the real content"), bytesOf("what they claim!")];
    const key = hashPackKey(claimed);
    const frame = encodeFrame(real);
    const entry = { key, offset: 8, encodedSize: frame.length };
    const header = Buffer.alloc(24);
    Buffer.from(key, "hex").copy(header);
    header.writeUInt32LE(frame.length, 16);
    const data = Buffer.concat([Buffer.from("CHKL\x01\0\0\0", "latin1"), header, frame]);
    const object = { ...entry, digest: digestBytes(claimed), size: claimed.length };
    const id = parsePackId("0123456789abcdef");
    const files = new Map<string, Uint8Array>([
      [`pack-${id}.dat`, data],
      [`pack-${id}.idx`, encodeIndex([entry])],
      [`pack-${id}.ids`, encodeIdentity([object])],
    ]);
    const home = { fs: createReadOnlyFs(files), dir: "/packs" };
    await using pack = await openPack(home, id);
    await expectStoreError(pack.readDigest(object.digest), "ERR_STORE_ENTRY_INVALID");
    await expectStoreError(pack.read(key), "ERR_STORE_ENTRY_INVALID");
    files.delete(`pack-${id}.ids`);
    await using bare = await openPack(home, id);
    await expectStoreError(bare.read(key), "ERR_STORE_ENTRY_INVALID");
  });

  it("gives up only the answers by digest when the sidecar is damaged, and says why", async () => {
    const { id, files, home } = await load();
    const name = `pack-${id}.ids`;
    const good = files.get(name) ?? new Uint8Array();
    await using pack = await openPack(home, id);
    const objects = [...pack.objects()];
    const [first] = objects;
    if (first === undefined) throw new Error("too few objects");
    const moved = objects.map((object) =>
      object === first ? { ...object, offset: object.offset + 1 } : object,
    );
    const resized = objects.map((object) =>
      object === first ? { ...object, encodedSize: object.encodedSize + 1 } : object,
    );
    const twice = [...objects.slice(1), { ...first, digest: objects[1]!.digest }, first];
    for (const bytes of [
      good.subarray(1),
      encodeIdentity(moved),
      encodeIdentity(resized),
      encodeIdentity(twice),
    ]) {
      files.set(name, bytes);
      await using damaged = await openPack(home, id);
      expect(damaged.identityError?.code).toBe("ERR_STORE_IDENTITY_INVALID");
      expect(damaged.identityError?.detail["pack"]).toBe(id);
      expect(damaged.identifiedCount).toBe(0);
      expect(textOf(await damaged.read(hashPackKey(bytesOf("goodbye"))))).toBe("goodbye");
      await expectStoreError(damaged.readDigest(first.digest), "ERR_STORE_BLOB_NOT_FOUND");
    }
  });

  it("matches a sidecar to thousands of entries of one key", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const content = bytesOf("again and again");
    const [key, frame] = [hashPackKey(content), encodeFrame(content)];
    for (let round = 0; round < 5000; round++) await writer.addFrame(key, frame);
    const { id } = await writer.finish();
    await using pack = await openPack(packs.home, id);
    expect(pack.identityError).toBeUndefined();
    expect(pack.identifiedCount).toBe(5000);
  });
});
