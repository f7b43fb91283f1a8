/** Changes of a name that count only if nobody else was first. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { openBlobStore, openLeaseStore } from "@store/layout";
import { expectStoreError } from "@store/layout/testing";
import { expect, it } from "vitest";

import { formatName, type ManifestStore, openManifestStore } from "../src/index.ts";
import { disturb } from "./support/disturb.ts";
import {
  addBlob,
  collect,
  describeText,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
  textOf,
} from "./support/test-store.ts";

const ref = nameOf("h/n/m:t");
const CHANGED = "ERR_STORE_MANIFEST_CHANGED";

const digestOf = (bytes: Uint8Array) => describeText(textOf(bytes)).digest;

/** The same names under locks that nobody shares: as where every lock succeeds. */
async function withoutLocks(store: TestStore, label: string): Promise<ManifestStore> {
  const opened = await store.temporary.reopen();
  const locks = join(store.root, `locks-${label}`);
  const layout = { ...opened, paths: { ...opened.paths, locks } };
  return openManifestStore(layout, {
    blobs: openBlobStore(layout),
    leases: openLeaseStore(layout),
  });
}

it("replaces and removes only what it was told to expect", async () => {
  await using store = await openTestStore();
  const [old, bytes] = [
    imageBytes([await addBlob(store.blobs, "old")]),
    imageBytes([await addBlob(store.blobs, "new")]),
  ];
  const wrong = digestOf(bytes);
  await expectStoreError(store.manifests.put(ref, old, { ifMatch: wrong }), CHANGED);
  expect(await store.manifests.get(ref)).toBeUndefined();
  await store.manifests.put(ref, old, { ifMatch: null });
  await expectStoreError(store.manifests.put(ref, bytes, { ifMatch: null }), CHANGED);
  await expectStoreError(store.manifests.put(ref, bytes, { ifMatch: wrong }), CHANGED);
  await expectStoreError(store.manifests.unlink(ref, { ifMatch: wrong }), CHANGED);
  expect((await store.manifests.get(ref))?.bytes).toEqual(old);
  await store.manifests.put(ref, bytes, { ifMatch: digestOf(old) });
  expect((await store.manifests.get(ref))?.bytes).toEqual(bytes);
  expect(await store.manifests.unlink(ref, { ifMatch: digestOf(bytes) })).toBe(true);
});

it("loses no update among writers that each add to what they read", async () => {
  await using store = await openTestStore();
  const layers = [await addBlob(store.blobs, "layer 0")];
  for (let index = 1; index <= 24; index += 1)
    layers.push(await addBlob(store.blobs, `layer ${index}`));
  await store.manifests.put(ref, imageBytes(layers.slice(0, 1)));
  let swaps = 0;
  async function write(): Promise<void> {
    const { manifests } = await store.reopen();
    while (swaps < 24) {
      const held = await manifests.get(ref);
      if (held?.document.kind !== "image") throw new Error("gone");
      const count = held.document.layers.length;
      if (count > 24) return;
      try {
        const ifMatch = held.descriptor.digest;
        await manifests.put(ref, imageBytes(layers.slice(0, count + 1)), { ifMatch });
        swaps += 1;
      } catch (error) {
        await expectStoreError(Promise.reject(error), CHANGED);
      }
    }
  }
  await Promise.all(Array.from({ length: 6 }, write));
  expect(swaps).toBe(24);
  expect((await store.manifests.get(ref))?.document).toMatchObject({ layers: { length: 25 } });
});

it("sees what a program without our locks did until the last instant", async () => {
  await using store = await openTestStore();
  const [old, mine, theirs] = [
    imageBytes([await addBlob(store.blobs, "old")]),
    imageBytes([await addBlob(store.blobs, "mine")]),
    imageBytes([await addBlob(store.blobs, "theirs")]),
  ];
  await store.manifests.put(ref, old);
  const path = join(store.root, "manifests/h/n/m/t");
  const manifests = await disturb(store, async (operation) => {
    if (operation === "open") await writeFile(path, theirs);
  });
  await expectStoreError(manifests.put(ref, mine, { ifMatch: digestOf(old) }), CHANGED);
  expect(new Uint8Array(await readFile(path))).toEqual(theirs);

  // Even if they wrote what we were about to write: it is theirs, and stays.
  await store.manifests.put(ref, old);
  const same = await disturb(store, async (operation) => {
    if (operation === "open") await writeFile(path, mine);
  });
  await expectStoreError(same.put(ref, mine, { ifMatch: digestOf(old) }), CHANGED);
  expect(new Uint8Array(await readFile(path))).toEqual(mine);
});

it("makes one name of two spellings, or none, where no lock keeps their writers apart", async () => {
  await using store = await openTestStore();
  const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
  const spellings = ["h/n/m:t", "H/N/m:t", "h/n/M:T"];
  const stores = await Promise.all(
    spellings.map((label, index) => withoutLocks(store, `${index}`)),
  );
  let conflicts = 0;
  for (let round = 0; round < 20; round += 1) {
    const results = await Promise.allSettled(
      stores.map((manifests, index) => manifests.put(nameOf(spellings[index] ?? ""), bytes)),
    );
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      conflicts += 1;
      expect(result.reason).toMatchObject({ code: "ERR_STORE_NAME_CONFLICT", kind: "conflict" });
    }
    const names = (await collect(store.manifests.list())).map(({ name }) => formatName(name));
    expect(names.length).toBeLessThanOrEqual(1);
    await store.manifests.unlink(ref);
  }
  expect(conflicts).toBeGreaterThan(0);
});

it("looks for other spellings again where a name goes away between two looks", async () => {
  await using store = await openTestStore();
  const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
  await store.manifests.put(ref, bytes);
  let moved = false;
  const manifests = await disturb(store, async (operation) => {
    if (operation !== "read" || moved) return;
    moved = true;
    await rename(join(store.root, "manifests/h"), join(store.root, "manifests/H"));
  });
  await manifests.put(ref, bytes);
  expect((await collect(store.manifests.list())).map(({ name }) => name)).toEqual([
    nameOf("H/n/m:t"),
  ]);
});

it("keeps a spelling that two directories give it apart from its twin", async () => {
  await using store = await openTestStore();
  const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
  for (const path of ["H/n/m/t", "h/n/m/t"]) {
    const file = join(store.root, "manifests", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, imageBytes([describeText("by hand")]));
  }
  await store.manifests.put(nameOf("h/n/m:t"), bytes);
  expect((await store.manifests.get(nameOf("h/n/m:t")))?.bytes).toEqual(bytes);
  expect((await store.manifests.get(nameOf("H/n/m:t")))?.bytes).not.toEqual(bytes);
  // A spelling that is on disk in no form of its own is the lexically first of the others.
  expect((await store.manifests.locate(nameOf("H/N/M:T")))?.name).toMatchObject({ host: "H" });
});
