import { rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import {
  createMemoryBlobStore,
  type Digest,
  digestBytes,
  type FsPort,
  isStoreError,
  nodeFs,
  overlay,
} from "@store/layout";
import { collectContent, createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  hashPackKey,
  openPackSet,
  type PackId,
  type PackSet,
  packPath,
  rebuildIdentity,
  rebuildIndex,
} from "../src/index.ts";
import { bytesOf, createTemporaryPacks, hexOf, textOf, writePack } from "./support/packs.ts";

const [one, two, three] = ["one", "two", "three"].map(bytesOf) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

async function list(set: PackSet): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for await (const digest of set.list()) digests.push(digest);
  return digests;
}

const digestsOf = (...contents: readonly Uint8Array[]): readonly Digest[] =>
  contents.map((content) => digestBytes(content)).toSorted();

/** Changes a byte of a read-only file. */
async function damage(path: string, at: number): Promise<void> {
  await nodeFs.chmod(path, 0o644);
  const file = await nodeFs.open(path, "update");
  const byte = new Uint8Array(1);
  await file.read(byte, at);
  await file.write(Uint8Array.of((byte[0] ?? 0) ^ 0x40), at);
  await file.close();
}

describe("a pack set", () => {
  it("is empty where there is no directory, and makes none", async () => {
    await using packs = await createTemporaryPacks();
    const home = { ...packs.home, dir: join(packs.home.dir, "packs") };
    await using set = await openPackSet(home);
    expect(await list(set)).toEqual([]);
    expect(await packs.names()).toEqual([]);
  });

  it("answers for the objects of all packs", async () => {
    await using packs = await createTemporaryPacks();
    const first = await writePack(packs.home, [one, two]);
    await writePack(packs.home, [three]);
    await using set = await openPackSet(packs.home);
    expect(await list(set)).toEqual(digestsOf(one, two, three));
    expect(await set.stat(digestBytes(two))).toMatchObject({
      digest: digestBytes(two),
      size: 3,
      verified: true,
      released: false,
      where: "packed",
    });
    expect(await set.locate(digestBytes(one))).toEqual({ kind: "pack", pack: first.id, offset: 8 });
    expect(textOf(await set.readKey(hashPackKey(three)))).toBe("three");
    await expectStoreError(
      set.readKey(hashPackKey(bytesOf("x"))),
      "ERR_STORE_PACK_OBJECT_NOT_FOUND",
    );
    expect(
      set
        .packs()
        .map(({ count }) => count)
        .toSorted(),
    ).toEqual([1, 2]);
    expect(set.problems()).toEqual([]);
  });

  it("gives each content memory of its own, however often it is asked", async () => {
    await using packs = await createTemporaryPacks();
    const contents = [one, two, createContent(100_000, 1)];
    await writePack(packs.home, contents);
    await using set = await openPackSet(packs.home);
    const given: Uint8Array[] = [];
    for (const content of [...contents, ...contents]) {
      for await (const bytes of set.read(digestBytes(content))) given.push(bytes);
    }
    expect(new Set(given.map(({ buffer }) => buffer)).size).toBe(6);
    for (const { buffer, length } of given) expect(buffer.byteLength).toBe(length);
    for (const bytes of given.slice(0, 3)) bytes.fill(0);
    for (const [index, content] of contents.entries()) expect(given[3 + index]).toEqual(content);
  });

  it("lists an object of two packs once, ascending", async () => {
    await using packs = await createTemporaryPacks();
    const contents = Array.from({ length: 600 }, (_, seed) => createContent(20, seed));
    await writePack(packs.home, contents.slice(0, 400));
    await writePack(packs.home, contents.slice(200));
    await using set = await openPackSet(packs.home);
    expect(await list(set)).toEqual(digestsOf(...contents));
  });

  it("learns of new packs, sidecars and repairs when it is refreshed", async () => {
    await using packs = await createTemporaryPacks();
    await using set = await openPackSet(packs.home);
    const { id } = await writePack(packs.home, [one]);
    expect(await set.stat(digestBytes(one))).toBeUndefined();
    await set.refresh();
    expect(await set.stat(digestBytes(one))).toBeDefined();

    // A pack as chkpt writes it, whose sidecar is made later.
    const foreign = await writePack(packs.home, [two]);
    await unlink(packPath(packs.home, foreign.id, "ids"));
    await set.refresh();
    expect(await set.stat(digestBytes(two))).toBeUndefined();
    expect(textOf(await set.readKey(hashPackKey(two)))).toBe("two");
    const sidecar = await rebuildIdentity(packs.home, foreign.id);
    await writeFile(packPath(packs.home, foreign.id, "ids"), sidecar);
    await set.refresh();
    expect(textOf(await collectContent(set.read(digestBytes(two))))).toBe("two");

    await unlink(packPath(packs.home, id, "idx"));
    await set.refresh();
    expect(await list(set)).toEqual(digestsOf(two));
  });

  it("takes a pack whose index has gone for gone, before it is told", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, [one]);
    await using set = await openPackSet(packs.home);
    const index = packPath(packs.home, id, "idx");
    await rename(index, `${index}.away`);
    expect(await set.stat(digestBytes(one))).toBeUndefined();
    expect(await set.locate(digestBytes(one))).toBeUndefined();
    await rename(`${index}.away`, index);
    expect(await set.stat(digestBytes(one))).toBeDefined();
  });

  it("gives right bytes or none while packs come and go", async () => {
    await using packs = await createTemporaryPacks();
    const contents = Array.from({ length: 30 }, (_, seed) => createContent(2000, seed));
    const { id } = await writePack(packs.home, contents.slice(0, 20));
    await writePack(packs.home, contents.slice(10));
    await using set = await openPackSet(packs.home);
    const index = packPath(packs.home, id, "idx");
    const stop = new AbortController();
    const coming = (async () => {
      while (!stop.signal.aborted) {
        await rename(index, `${index}.away`);
        await set.refresh();
        await rename(`${index}.away`, index);
        await set.refresh();
      }
    })();
    for (let round = 0; round < 30; round++) {
      const reads = contents.map(async (content, number) => {
        const digest = digestBytes(content);
        const read = await collectContent(set.read(digest)).catch((error: unknown) => {
          if (!isStoreError(error, "ERR_STORE_BLOB_NOT_FOUND")) throw error;
        });
        if (read !== undefined) expect(digestBytes(read)).toBe(digest);
        // The other pack stays.
        else expect(number).toBeLessThan(10);
      });
      await Promise.all(reads);
    }
    stop.abort();
    await coming;
  });

  it("keeps a pack open that the system refuses to open again", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, [one]);
    const sidecar = packPath(packs.home, id, "ids");
    await rename(sidecar, `${sidecar}.away`);
    let refuses = false;
    const fs: FsPort = {
      ...nodeFs,
      async open(...args) {
        if (refuses) throw Object.assign(new Error("EMFILE"), { code: "EMFILE", errno: -24 });
        return nodeFs.open(...args);
      },
    };
    await using set = await openPackSet({ ...packs.home, fs });
    await rename(`${sidecar}.away`, sidecar);
    refuses = true;
    await set.refresh();
    expect(set.problems()).toEqual([expect.objectContaining({ code: "ERR_STORE_TOO_MANY_FILES" })]);
    expect(textOf(await set.readKey(hashPackKey(one)))).toBe("one");
    refuses = false;
    await set.refresh();
    expect(set.problems()).toEqual([]);
    expect(await set.stat(digestBytes(one))).toBeDefined();
  });

  it("is closed once and for all", async () => {
    await using packs = await createTemporaryPacks();
    await writePack(packs.home, [one]);
    const set = await openPackSet(packs.home);
    await set[Symbol.asyncDispose]();
    await expect(set.stat(digestBytes(one))).rejects.toThrow(TypeError);
    await expect(collectContent(set.read(digestBytes(one)))).rejects.toThrow(TypeError);
    await expect(set.refresh()).rejects.toThrow(TypeError);
    await set[Symbol.asyncDispose]();
  });

  it("closes every file it opened", async () => {
    await using packs = await createTemporaryPacks();
    let open = 0;
    const fs = {
      ...nodeFs,
      async open(...args: Parameters<typeof nodeFs.open>): ReturnType<typeof nodeFs.open> {
        const file = await nodeFs.open(...args);
        open++;
        return {
          ...file,
          async close() {
            open--;
            await file.close();
          },
        };
      },
    };
    const ids: PackId[] = [];
    for (const content of [one, two, three]) ids.push((await writePack(packs.home, [content])).id);
    await damage(packPath(packs.home, ids[2]!, "dat"), 1);
    const set = await openPackSet({ ...packs.home, fs });
    expect(open).toBe(2);
    await unlink(packPath(packs.home, ids[0]!, "idx"));
    await set.refresh();
    expect(open).toBe(1);
    const aborted = set.refresh({ signal: AbortSignal.abort(new Error("enough")) });
    await expect(aborted).rejects.toThrow("enough");
    await writePack(packs.home, [one]);
    await set.refresh();
    await collectContent(set.read(digestBytes(one)));
    expect(open).toBe(2);
    await set[Symbol.asyncDispose]();
    expect(open).toBe(0);
  });

  it("refuses a range that is none", async () => {
    await using packs = await createTemporaryPacks();
    await writePack(packs.home, [one]);
    await using set = await openPackSet(packs.home);
    for (const range of [{ start: -1 }, { start: 2, end: 1 }, { start: Number.NaN }]) {
      await expect(collectContent(set.read(digestBytes(one), range))).rejects.toThrow(RangeError);
    }
  });

  it("fits an overlay with loose blobs", async () => {
    await using packs = await createTemporaryPacks();
    await using set = await openPackSet(packs.home);
    const writable = createMemoryBlobStore();
    await writable.add(two);
    const blobs = overlay({ writable, packs: set });
    // Written after the set was opened: the overlay looks again before it says absent.
    await writePack(packs.home, [one]);
    expect(textOf(await collectContent(blobs.read(digestBytes(one))))).toBe("one");
    const listed: Digest[] = [];
    for await (const digest of blobs.list()) listed.push(digest);
    expect(listed).toEqual(digestsOf(one, two));
  });
});

describe("a pack set with a damaged pack", () => {
  const damages: Readonly<
    Record<string, (path: (kind: "dat" | "idx" | "ids") => string) => Promise<void>>
  > = {
    "no data file": (path) => unlink(path("dat")),
    "another magic": (path) => damage(path("dat"), 0),
    "another count": (path) => damage(path("dat"), 4),
    "a damaged index": (path) => damage(path("idx"), 16),
    "an empty index": async (path) => {
      await unlink(path("idx"));
      await writeFile(path("idx"), "");
    },
  };

  it.for(Object.keys(damages))(
    "with %s answers for the others, and says what is wrong",
    async (name) => {
      await using packs = await createTemporaryPacks();
      const { id } = await writePack(packs.home, [one, two]);
      await writePack(packs.home, [three]);
      await damages[name]?.((kind) => packPath(packs.home, id, kind));
      await using set = await openPackSet(packs.home);
      expect(await list(set)).toEqual(digestsOf(three));
      expect(textOf(await collectContent(set.read(digestBytes(three))))).toBe("three");
      await expectStoreError(
        collectContent(set.read(digestBytes(one))),
        "ERR_STORE_BLOB_NOT_FOUND",
      );
      expect(set.problems()).toEqual([
        expect.objectContaining({ severity: "error", subject: `pack-${id}` }),
      ]);
    },
  );

  it("uses it again once it is repaired, and not before", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, [one, two]);
    const index = packPath(packs.home, id, "idx");
    await damage(index, 16);
    await using set = await openPackSet(packs.home);
    await set.refresh();
    expect(set.problems()).toHaveLength(1);
    await unlink(index);
    await writeFile(index, await rebuildIndex(packs.home, id));
    await set.refresh();
    expect(set.problems()).toEqual([]);
    expect(await list(set)).toEqual(digestsOf(one, two));
  });

  it("reads a damaged object from another pack that has it, and else says damage, not absence", async () => {
    await using packs = await createTemporaryPacks();
    const [noise, other] = [createContent(500, 1), createContent(300, 2)];
    const ids = [await writePack(packs.home, [noise]), await writePack(packs.home, [other, noise])];
    for (const { id } of ids) {
      await using set = await openPackSet(packs.home);
      expect(hexOf(await collectContent(set.read(digestBytes(noise))))).toBe(hexOf(noise));
      expect(hexOf(await set.readKey(hashPackKey(noise)))).toBe(hexOf(noise));
      const { offset } = set
        .packs()
        .find((pack) => pack.id === id)!
        .find(hashPackKey(noise))!;
      await damage(packPath(packs.home, id, "dat"), offset + 100);
    }
    await using set = await openPackSet(packs.home);
    const reading = collectContent(set.read(digestBytes(noise)));
    await expectStoreError(reading, "ERR_STORE_ENTRY_INVALID");
    await expectStoreError(set.readKey(hashPackKey(noise)), "ERR_STORE_ENTRY_INVALID");
    expect(hexOf(await collectContent(set.read(digestBytes(other))))).toBe(hexOf(other));
  });

  it("is not stopped by a data file without an index, or by files that are none of a pack", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, [one]);
    await unlink(packPath(packs.home, id, "idx"));
    await writePack(packs.home, [two]);
    for (const name of [
      "pack-xyz.idx",
      "pack-.idx",
      ".tmp-1",
      "notes.txt",
      `pack-${"A".repeat(16)}.idx`,
    ]) {
      await writeFile(join(packs.home.dir, name), "?");
    }
    await using set = await openPackSet(packs.home);
    expect(await list(set)).toEqual(digestsOf(two));
    expect(set.problems()).toEqual([]);
  });
});
