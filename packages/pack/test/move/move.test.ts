import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  type Digest,
  digestBytes,
  nodeFs,
  openBlobStore,
  readOrigins,
  recordOrigin,
} from "@store/layout";
import { collectContent, createContent, createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { openPackSet, packBlobs, packPath, unpackBlobs, verifyPacks } from "../../src/index.ts";
import { createCollision } from "../support/collision.ts";
import { addAll, listLoose, openBlobs } from "../support/stores.ts";

const contents = Array.from({ length: 12 }, (_, seed) => createContent(500 + seed * 300, seed));
const digests = contents.map((content) => digestBytes(content));
const sorted = (list: Iterable<Digest>): readonly Digest[] => [...list].toSorted();

describe("packBlobs", () => {
  it("moves blobs into a pack, where they are read as before", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const report = await packBlobs(store.layout, digests);
    expect(report).toMatchObject({ moved: digests, stayed: [] });
    expect(report.packs).toHaveLength(1);
    expect(report.looseBytes).toBe(contents.reduce((sum, { length }) => sum + length, 0));
    expect(await listLoose(store.layout)).toEqual([]);
    await using opened = await openBlobs(store.layout);
    for (const [index, digest] of digests.entries()) {
      expect(await opened.blobs.stat(digest)).toMatchObject({ where: "packed", verified: true });
      expect(await collectContent(opened.blobs.read(digest))).toEqual(contents[index]);
    }
    for await (const { message } of verifyPacks(store.layout)) expect.fail(message);
  });

  it("still knows where a packed blob came from, and when it is loose again", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    await addAll(layout, contents);
    const [first] = digests;
    await recordOrigin(layout, first!, { location: "example.test/org/model", path: "LICENSE" });
    const before = await readOrigins(layout, first!);
    expect(before).toHaveLength(1);
    await packBlobs(layout, digests);
    expect(await readOrigins(layout, first!)).toEqual(before);
    // Another pull finds it in the pack.
    await recordOrigin(layout, first!, { location: "example.test/other/model", path: "LICENSE" });
    await unpackBlobs(layout, digests);
    const after = (await readOrigins(layout, first!)).map(({ location }) => location);
    expect(after).toEqual(["example.test/org/model", "example.test/other/model"]);
  });

  it("leaves nothing of a blob's directory behind", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    await packBlobs(store.layout, digests);
    const names = await readdir(store.layout.paths.sha256, { recursive: true });
    expect(names.filter((name) => name.length > 2)).toEqual([]);
  });

  it("starts another pack where one is large enough", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const { packs, moved } = await packBlobs(store.layout, digests, { packBytesMax: 4000 });
    expect(packs.length).toBeGreaterThan(3);
    expect(sorted(moved)).toEqual(sorted(digests));
  });

  it("does not write again what a pack holds already", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    await packBlobs(store.layout, digests);
    await addAll(store.layout, contents.slice(0, 3));
    const again = await packBlobs(store.layout, digests.slice(0, 3));
    expect(again).toMatchObject({ packs: [], moved: digests.slice(0, 3), stayed: [] });
    expect(await listLoose(store.layout)).toEqual([]);
  });

  it("opens a pack once for all that it holds already", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    await packBlobs(store.layout, digests);
    await addAll(store.layout, contents);
    let opened = 0;
    const fs: typeof nodeFs = {
      ...nodeFs,
      async open(path, ...more) {
        if (path.endsWith(".dat")) opened += 1;
        return nodeFs.open(path, ...more);
      },
    };
    const again = await packBlobs(await store.reopen({ fs }), digests);
    expect(sorted(again.moved)).toEqual(sorted(digests));
    // With the set of all packs, and to read all of it back.
    expect(opened).toBe(2);
  });

  it("writes anew what only a damaged pack holds", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const [first] = (await packBlobs(store.layout, digests)).packs;
    const data = packPath(store.layout, first!.id, "dat");
    await nodeFs.chmod(data, 0o644);
    const file = await nodeFs.open(data, "update");
    await file.write(new Uint8Array(60).fill(0xee), 40);
    await file.close();
    await addAll(store.layout, contents.slice(0, 1));
    const again = await packBlobs(store.layout, digests.slice(0, 1));
    expect(again.packs).toHaveLength(1);
    await using opened = await openBlobs(store.layout);
    expect(await collectContent(opened.blobs.read(digests[0]!))).toEqual(contents[0]);
  });

  it("says of each blob that stays why", async () => {
    await using store = await createTemporaryLayout();
    const blobs = openBlobStore(store.layout);
    const [one, other] = createCollision();
    const [released, large, first, second] = await addAll(store.layout, [
      createContent(10, 50),
      createContent(5000, 51),
      one,
      other,
    ]);
    await blobs.release([released!]);
    const wrong = digestBytes(createContent(77, 52));
    await mkdir(dirname(store.layout.paths.blob(wrong)), { recursive: true });
    await writeFile(store.layout.paths.blob(wrong), "other bytes");
    const absent = digestBytes(createContent(78, 53));
    const report = await packBlobs(
      store.layout,
      [released!, large!, first!, second!, wrong, absent],
      { entryBytesMax: 4000 },
    );
    expect(report.moved).toEqual([first]);
    expect(report.stayed).toEqual([
      { digest: released, why: "released" },
      { digest: large, why: "too-large" },
      { digest: second, why: "collision" },
      { digest: wrong, why: "damaged" },
      { digest: absent, why: "absent" },
    ]);
    expect(await listLoose(store.layout)).toEqual(sorted([released!, large!, second!, wrong]));
  });

  it("keeps the loose file when the pack is taken away before the last look", async () => {
    await using store = await createTemporaryLayout();
    const [digest] = await addAll(store.layout, contents.slice(0, 1));
    const { paths } = store.layout;
    let away: string | undefined;
    const fs = {
      ...nodeFs,
      async rename(from: string, to: string) {
        await nodeFs.rename(from, to);
        // D1 of the loose file: now a sweep takes the pack.
        if (from !== paths.blob(digest!)) return;
        const index = (await readdir(paths.packs)).find((name) => name.endsWith(".idx"))!;
        away = join(paths.packs, `${index}.trash-other`);
        await rename(join(paths.packs, index), away);
      },
    };
    const report = await packBlobs(await store.reopen({ fs }), [digest!]);
    expect(report).toMatchObject({ moved: [], stayed: [{ digest, why: "needed" }] });
    expect(away).toBeDefined();
    expect(await listLoose(store.layout)).toEqual([digest]);
  });

  it("says that a file stays which a reader gives back in the last instant", async () => {
    await using store = await createTemporaryLayout();
    const [digest] = await addAll(store.layout, contents.slice(0, 1));
    const directory = store.layout.paths.blobDirectory(digest!);
    const fs = {
      ...nodeFs,
      async unlink(path: string) {
        // D4: whoever looks for the loose file now finds its trash name, and makes it whole again.
        const isTrash = path.startsWith(join(directory, "data.trash-"));
        if (isTrash) await openBlobStore(store.layout).stat(digest!);
        await nodeFs.unlink(path);
      },
    };
    const report = await packBlobs(await store.reopen({ fs }), [digest!]);
    expect(report).toMatchObject({
      moved: [],
      stayed: [{ digest, why: "needed" }],
      looseBytes: 0,
    });
    expect(await listLoose(store.layout)).toEqual([digest]);
  });

  it("refuses a store that must not be written", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const layout = await store.reopen({ readOnly: true });
    await expect(packBlobs(layout, digests)).rejects.toMatchObject({ kind: "denied" });
    expect(await listLoose(store.layout)).toEqual(sorted(digests));
  });
});

describe("unpackBlobs", () => {
  it("gives blobs files of their own, and takes away a pack that holds nothing else", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const { packs } = await packBlobs(store.layout, digests);
    const some = await unpackBlobs(store.layout, digests.slice(0, 5));
    expect(some).toMatchObject({ unpacked: digests.slice(0, 5), absent: [], deleted: [] });
    const rest = await unpackBlobs(store.layout, digests);
    expect(rest).toMatchObject({
      unpacked: digests.slice(5),
      deleted: packs.map(({ id }) => id),
    });
    expect(await readdir(store.layout.paths.packs)).toEqual([]);
    const blobs = openBlobStore(store.layout);
    for (const [index, digest] of digests.entries()) {
      expect(await collectContent(blobs.read(digest))).toEqual(contents[index]);
    }
  });

  it("says what no pack holds, and what none can give", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const [pack] = (await packBlobs(store.layout, digests)).packs;
    const data = packPath(store.layout, pack!.id, "dat");
    await nodeFs.chmod(data, 0o644);
    const file = await nodeFs.open(data, "update");
    await file.write(new Uint8Array(60).fill(0xee), 40);
    await file.close();
    const absent = digestBytes(createContent(78, 53));
    const report = await unpackBlobs(store.layout, [...digests, absent]);
    expect(report).toMatchObject({ absent: [absent], deleted: [] });
    expect(report.failed.map(({ digest }) => digest)).toEqual([digests[0]]);
    expect(report.unpacked).toEqual(digests.slice(1));
    expect(await listLoose(store.layout)).toEqual(sorted(digests.slice(1)));
  });

  it("keeps a pack when a loose file of it is taken away before the last look", async () => {
    await using store = await createTemporaryLayout();
    const [digest] = await addAll(store.layout, contents.slice(0, 1));
    await packBlobs(store.layout, [digest!]);
    const { paths } = store.layout;
    const fs = {
      ...nodeFs,
      async rename(from: string, to: string) {
        await nodeFs.rename(from, to);
        // D1 of the pack: now somebody deletes the loose file.
        if (from.endsWith(".idx")) await nodeFs.unlink(paths.blob(digest!));
      },
    };
    const report = await unpackBlobs(await store.reopen({ fs }), [digest!]);
    expect(report.deleted).toEqual([]);
    await using opened = await openBlobs(store.layout);
    expect(await collectContent(opened.blobs.read(digest!))).toEqual(contents[0]);
  });
});

describe("a pack whose index lies under a trash name", () => {
  it("is read, and exists again for whoever relies on it", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const [pack] = (await packBlobs(store.layout, digests)).packs;
    const index = packPath(store.layout, pack!.id, "idx");
    await rename(index, `${index}.trash-0123456789abcdef`);
    await using set = await openPackSet(store.layout);
    expect(await collectContent(set.read(digests[3]!))).toEqual(contents[3]);
    expect(await readdir(store.layout.paths.packs)).not.toContain(`pack-${pack!.id}.idx`);
    expect(await set.stat(digests[3]!)).toMatchObject({ size: contents[3]!.length });
    expect(await readdir(store.layout.paths.packs)).toContain(`pack-${pack!.id}.idx`);
  });

  it("is read where it lies in a store that must not be written", async () => {
    await using store = await createTemporaryLayout();
    await addAll(store.layout, contents);
    const [pack] = (await packBlobs(store.layout, digests)).packs;
    for (const kind of ["idx", "ids", "dat"] as const) {
      const path = packPath(store.layout, pack!.id, kind);
      await rename(path, `${path}.trash-0123456789abcdef`);
    }
    const before = await readdir(store.layout.paths.packs);
    await using opened = await openBlobs(await store.reopen({ readOnly: true }));
    expect(await opened.blobs.stat(digests[3]!)).toMatchObject({ where: "packed" });
    expect(await collectContent(opened.blobs.read(digests[3]!))).toEqual(contents[3]);
    expect(await readdir(store.layout.paths.packs)).toEqual(before);
  });
});
