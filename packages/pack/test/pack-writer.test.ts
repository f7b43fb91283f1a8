import { link, mkdir, readFile, rename, symlink, unlink, writeFile } from "node:fs/promises";

import { digestBytes, type FsPort, nodeFs } from "@store/layout";
import { createContent, createTemporaryLayout, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createPackWriter,
  encodeFrame,
  hashPackKey,
  openPack,
  openPackSet,
  packPath,
} from "../src/index.ts";
import { createCollision } from "./support/collision.ts";
import { createFrame, createSkippable } from "./support/frames.ts";
import {
  bytesOf,
  createTemporaryPacks,
  hexOf,
  readFiles,
  textOf,
  writePack,
} from "./support/packs.ts";

describe("a pack writer", () => {
  it("writes three files, and nothing that another writer could meet", async () => {
    await using packs = await createTemporaryPacks();
    const { id, count, size } = await writePack(packs.home, [bytesOf("a"), bytesOf("b")]);
    expect(await packs.names()).toEqual([`pack-${id}.dat`, `pack-${id}.ids`, `pack-${id}.idx`]);
    expect(count).toBe(2);
    expect((await readFile(packPath(packs.home, id, "dat"))).length).toBe(size);
  });

  it("gives the same contents in the same order the same bytes", async () => {
    await using one = await createTemporaryPacks();
    await using other = await createTemporaryPacks();
    const contents = Array.from({ length: 50 }, (_, seed) => createContent(seed * 31, seed));
    await writePack(one.home, contents);
    await writePack(other.home, contents);
    expect(await readFiles(one.home.dir)).toEqual(await readFiles(other.home.dir));
  });

  it("takes each content once", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const first = await writer.add(bytesOf("same"));
    const second = await writer.add(bytesOf("same"));
    expect(first.status).toBe("added");
    expect(second).toEqual({ ...first, status: "present" });
    expect((await writer.finish()).count).toBe(1);
  });

  it("takes a frame again that is in already, as chkpt does", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const content = bytesOf("again");
    const [key, frame] = [hashPackKey(content), encodeFrame(content)];
    for (let round = 0; round < 3; round++) {
      expect((await writer.addFrame(key, frame)).status).toBe("added");
    }
    const { id } = await writer.finish();
    await using pack = await openPack(packs.home, id);
    expect(pack.count).toBe(3);
    expect([...pack.entries()].map(({ offset }) => offset)).toEqual([8, 8 + 44, 8 + 88]);
    expect(textOf(await pack.readDigest(digestBytes(content)))).toBe("again");
  });

  it("does not mix two contents of one key, and says so", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const [one, other] = createCollision();
    const key = hashPackKey(one);
    const added = await writer.add(one);
    const collision = {
      status: "collision",
      key,
      digest: digestBytes(other),
      held: added.status === "added" ? added.object : undefined,
    };
    expect(await writer.add(other)).toEqual(collision);
    expect(await writer.addFrame(key, encodeFrame(other))).toEqual(collision);
    const { id } = await writer.finish();
    await using pack = await openPack(packs.home, id);
    expect(hexOf(await pack.read(key))).toBe(hexOf(one));
    await using set = await openPackSet(packs.home);
    expect(await set.stat(digestBytes(other))).toBeUndefined();
  });

  it("refuses an object above the cap and takes one at it", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const cap = 4 * 1024 * 1024;
    const error = await expectStoreError(
      writer.add(new Uint8Array(cap + 1)),
      "ERR_STORE_ENTRY_TOO_LARGE",
    );
    expect(error).toMatchObject({ kind: "invalid", detail: { size: cap + 1, limit: cap } });
    const bomb = encodeFrame(new Uint8Array(cap + 1));
    await expectStoreError(
      writer.addFrame(hashPackKey(new Uint8Array(cap + 1)), bomb),
      "ERR_STORE_ENTRY_TOO_LARGE",
    );
    expect((await writer.add(new Uint8Array(cap))).status).toBe("added");
  });

  it("refuses a frame that is not what the caller says it is", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const content = bytesOf("content");
    const [key, frame] = [hashPackKey(content), encodeFrame(content)];
    const identity = { digest: digestBytes(content), size: content.length };
    const invalid = "ERR_STORE_ENTRY_INVALID";
    await expectStoreError(writer.addFrame(hashPackKey(bytesOf("x")), frame), invalid);
    await expectStoreError(writer.addFrame(key, frame, { ...identity, size: 6 }), invalid);
    const digest = digestBytes(bytesOf("x"));
    await expectStoreError(writer.addFrame(key, frame, { ...identity, digest }), invalid);
    await expectStoreError(writer.addFrame(key, frame.subarray(1)), "ERR_STORE_FRAME_INVALID");
    const dictionary = createFrame([{ bytes: content, stored: true }], { dictionary: 1 });
    await expectStoreError(writer.addFrame(key, dictionary), "ERR_STORE_FRAME_UNSUPPORTED");
    expect((await writer.addFrame(key, frame, identity)).status).toBe("added");
    expect((await writer.finish()).count).toBe(1);
  });

  it("refuses a frame that a reader with its limit would not read", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const content = bytesOf("little content");
    const padding = createSkippable(new Uint8Array(5 * 1024 * 1024));
    const frame = Buffer.concat([encodeFrame(content), padding]);
    await expectStoreError(
      writer.addFrame(hashPackKey(content), frame),
      "ERR_STORE_ENTRY_TOO_LARGE",
    );
  });

  it("drops the pack when the caller aborts before it has a name", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    await writer.add(bytesOf("x"));
    const reason = new Error("enough");
    await expect(writer.finish({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await packs.names()).toEqual([]);
  });

  it("makes no pack of nothing, and leaves nothing behind", async () => {
    await using packs = await createTemporaryPacks();
    await expectStoreError(createPackWriter(packs.home).finish(), "ERR_STORE_PACK_EMPTY");
    expect(await packs.names()).toEqual([]);
  });

  it("leaves nothing behind when it is aborted or only disposed", async () => {
    await using packs = await createTemporaryPacks();
    const writer = createPackWriter(packs.home);
    await writer.add(createContent(2_000_000));
    expect(await packs.names()).toHaveLength(1);
    await writer.abort();
    expect(await packs.names()).toEqual([]);
    {
      await using disposed = createPackWriter(packs.home);
      await disposed.add(bytesOf("x"));
    }
    expect(await packs.names()).toEqual([]);
    await expect(writer.add(bytesOf("late"))).rejects.toThrow(TypeError);
    await expect(writer.finish()).rejects.toThrow(TypeError);
    await writer.abort();
  });

  it("keeps the order of calls that overlap", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    const contents = Array.from({ length: 40 }, (_, seed) => createContent(100_000, seed));
    const outcomes = await Promise.all(contents.map((content) => writer.add(content)));
    const offsets = outcomes.map((outcome) =>
      outcome.status === "added" ? outcome.object.offset : -1,
    );
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    const { id } = await writer.finish();
    await using pack = await openPack(packs.home, id);
    for (const content of contents) {
      expect(hexOf(await pack.read(hashPackKey(content)))).toBe(hexOf(content));
    }
  });

  it("keeps to the store's own directory and makes it when it is needed", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await using writer = createPackWriter(layout);
    await expect(nodeFs.stat(layout.paths.packs)).rejects.toMatchObject({ code: "ENOENT" });
    await writer.add(bytesOf("x"));
    const { id } = await writer.finish();
    expect(await nodeFs.readdir(layout.paths.packs)).toContain(`pack-${id}.idx`);
  });

  it("writes nothing into a store that is open for reading only", async () => {
    await using temporary = await createTemporaryLayout();
    const layout = await temporary.reopen({ readOnly: true });
    await using writer = createPackWriter(layout);
    await expectStoreError(writer.add(bytesOf("x")), "ERR_STORE_READ_ONLY");
    await expectStoreError(writer.finish(), "ERR_STORE_READ_ONLY");
    await expect(nodeFs.stat(temporary.root)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a pack writer that finds its files there", () => {
  const contents = [bytesOf("one"), bytesOf("two")];

  it("leaves the same pack as it is", async () => {
    await using packs = await createTemporaryPacks();
    const first = await writePack(packs.home, contents);
    const before = await nodeFs.lstat(packPath(packs.home, first.id, "dat"));
    expect(await writePack(packs.home, contents)).toEqual({ ...first, existed: true });
    expect(await nodeFs.lstat(packPath(packs.home, first.id, "dat"))).toEqual(before);
    expect(await packs.names()).toHaveLength(3);
  });

  it("completes what a writer that died left behind", async () => {
    for (const missing of [["idx"], ["ids", "idx"], ["ids"]] as const) {
      await using packs = await createTemporaryPacks();
      const { id } = await writePack(packs.home, contents);
      const before = await readFiles(packs.home.dir);
      for (const kind of missing) await unlink(packPath(packs.home, id, kind));
      const existed = !(missing as readonly string[]).includes("idx");
      expect(await writePack(packs.home, contents)).toMatchObject({ id, existed });
      expect(await readFiles(packs.home.dir)).toEqual(before);
    }
  });

  it.for(["dat", "idx", "ids"] as const)(
    "refuses to go on over other bytes in the .%s, and leaves them",
    async (kind) => {
      await using packs = await createTemporaryPacks();
      const { id } = await writePack(packs.home, contents);
      const path = packPath(packs.home, id, kind);
      const good = await readFile(path);
      const wrongs = [
        good.subarray(1),
        Buffer.concat([good, good]),
        Buffer.from(good).fill(7, 20, 21),
        Buffer.alloc(0),
      ];
      for (const wrong of wrongs) {
        await unlink(path);
        await writeFile(path, wrong);
        const error = await expectStoreError(
          writePack(packs.home, contents),
          "ERR_STORE_PACK_CONFLICT",
        );
        expect(error).toMatchObject({ kind: "conflict", detail: { pack: id } });
        expect(hexOf(await readFile(path))).toBe(hexOf(wrong));
        expect(await packs.names()).toHaveLength(3);
      }
    },
  );

  it("takes an index whose rows of one key are in another order for the same", async () => {
    await using packs = await createTemporaryPacks();
    const frame = encodeFrame(contents[0]!);
    const write = async (): Promise<{ id: Parameters<typeof packPath>[1]; existed: boolean }> => {
      await using writer = createPackWriter(packs.home);
      await writer.addFrame(hashPackKey(contents[0]!), frame);
      await writer.addFrame(hashPackKey(contents[0]!), frame);
      return await writer.finish();
    };
    const { id } = await write();
    const path = packPath(packs.home, id, "idx");
    const rows = await readFile(path);
    await unlink(path);
    await writeFile(path, Buffer.concat([rows.subarray(32), rows.subarray(0, 32)]));
    expect(await write()).toMatchObject({ existed: true });
  });

  it("names its own data file if the one it met is gone when it looks", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    for (const kind of ["idx", "ids"] as const) await unlink(packPath(packs.home, id, kind));
    const data = packPath(packs.home, id, "dat");
    let met = false;
    const fs: FsPort = {
      ...nodeFs,
      async open(path, ...rest) {
        if (path === data && !met) {
          met = true;
          await unlink(data);
        }
        return nodeFs.open(path, ...rest);
      },
    };
    expect(await writePack({ ...packs.home, fs }, contents)).toMatchObject({ id, existed: false });
    expect(met).toBe(true);
    expect(await packs.names()).toHaveLength(3);
  });

  it("refuses a link or a directory in the place of its data file", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    const data = packPath(packs.home, id, "dat");
    await rename(data, `${data}.real`);
    await symlink(`${data}.real`, data);
    await expectStoreError(writePack(packs.home, contents), "ERR_STORE_PACK_CONFLICT");
    await unlink(data);
    await mkdir(data);
    await expectStoreError(writePack(packs.home, contents), "ERR_STORE_PACK_CONFLICT");
  });

  it("puts the data file back if a sweep takes the one it found before the index is there", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    const data = packPath(packs.home, id, "dat");
    await unlink(packPath(packs.home, id, "idx"));
    // The sweep strikes when the index gets its name.
    let strikes = 0;
    const fs = {
      ...nodeFs,
      async link(from: string, to: string): Promise<void> {
        if (to.endsWith(".idx") && strikes++ === 0) await unlink(data);
        await link(from, to);
      },
    };
    await writePack({ ...packs.home, fs }, contents);
    await using pack = await openPack(packs.home, id);
    expect(textOf(await pack.read(hashPackKey(contents[0]!)))).toBe("one");
    expect(await packs.names()).toHaveLength(3);
  });
});
