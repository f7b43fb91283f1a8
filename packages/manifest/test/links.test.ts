/** Links, and other things, where a directory of the store belongs. */
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  addBlob,
  collect,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
} from "./support/test-store.ts";

const CODE = "ERR_STORE_NOT_A_DIRECTORY";

let store: TestStore;
let image: Uint8Array;
beforeEach(async () => {
  store = await openTestStore();
  image = imageBytes([await addBlob(store.blobs, "layer")]);
  await store.manifests.put(nameOf("h/n/m:t"), image);
});
afterEach(() => store[Symbol.asyncDispose]());

const name = nameOf("h/n/m:t");

/** Moves a directory out of the store, and has a link lead there. */
async function moveOut(path: string): Promise<string> {
  const elsewhere = `${store.root}.elsewhere`;
  await rename(join(store.root, path), elsewhere);
  await symlink(elsewhere, join(store.root, path));
  return elsewhere;
}

describe.each(["manifests", "manifests/h", "manifests/h/n", "manifests/h/n/m"])(
  "a link in place of %s",
  (path) => {
    it("shows, changes and removes nothing of what lies behind it", async () => {
      const elsewhere = await moveOut(path);
      const before = await readdir(elsewhere, { recursive: true });
      const { manifests } = store;
      for (const spelled of [name, nameOf("H/N/M:T")]) {
        await expectStoreError(manifests.get(spelled), CODE);
        await expectStoreError(manifests.locate(spelled), CODE);
        await expectStoreError(manifests.resolve(spelled), CODE);
        await expectStoreError(manifests.unlink(spelled), CODE);
        await expectStoreError(manifests.remove(spelled), CODE);
        await expectStoreError(manifests.put(spelled, image), CODE);
        await expectStoreError(manifests.tag(spelled, nameOf("a/b/c:d")), CODE);
      }
      await expectStoreError(manifests.put(nameOf("h/n/m:new"), image), CODE);
      expect(await readdir(elsewhere, { recursive: true })).toEqual(before);
      await rm(elsewhere, { recursive: true });
    });

    it("stops a sweep, wherever it leads", async () => {
      const elsewhere = await moveOut(path);
      await expectStoreError(collect(store.manifests.roots()), "ERR_STORE_ROOT_UNREADABLE");
      await rm(elsewhere, { recursive: true });
      await expectStoreError(collect(store.manifests.roots()), "ERR_STORE_ROOT_UNREADABLE");
    });
  },
);

describe("anything else in place of manifests/", () => {
  it.each(["a file", "a link to nothing"])("is never an empty set of names: %s", async (what) => {
    const path = join(store.root, "manifests");
    await rm(path, { recursive: true });
    if (what === "a file") await writeFile(path, "");
    else await symlink("/nonexistent/disk", path);
    const { manifests } = store;
    await expectStoreError(collect(manifests.roots()), "ERR_STORE_ROOT_UNREADABLE");
    for (const listing of [manifests.list(), manifests.listStored(), manifests.listStrays()])
      await expectStoreError(collect(listing as AsyncIterable<unknown>), CODE);
    await expectStoreError(manifests.get(name), CODE);
    await expectStoreError(manifests.locate(name), CODE);
    await expectStoreError(manifests.unlink(name), CODE);
    await expectStoreError(manifests.put(name, image), CODE);
  });
});

it("finds the names beside a file in place of a host", async () => {
  await mkdir(join(store.root, "manifests"), { recursive: true });
  await writeFile(join(store.root, "manifests", "other"), "x");
  expect(await store.manifests.get(nameOf("other/n/m:t"))).toBeUndefined();
  expect(await collect(store.manifests.list())).toHaveLength(1);
  expect(new Uint8Array(await readFile(join(store.root, "manifests/h/n/m/t")))).toEqual(image);
});
