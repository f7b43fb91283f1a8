/** What another program does between two steps of ours, with no lock between us. */
import {
  access,
  mkdir,
  readdir,
  rename,
  rmdir,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

import { createFaultyFs, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { encodeV1, formatName } from "../src/index.ts";
import { disturb } from "./support/disturb.ts";
import { quickFs } from "./support/quick-fs.ts";
import {
  addBlob,
  collect,
  describeText,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
  v1Of,
} from "./support/test-store.ts";

const ref = nameOf("h/n/m:t");

async function names(store: TestStore): Promise<readonly string[]> {
  return (await collect(store.manifests.list())).map(({ name }) => formatName(name));
}

describe("another program that", () => {
  it("creates the name first wins against ifMatch: null", async () => {
    await using store = await openTestStore();
    const mine = imageBytes([await addBlob(store.blobs, "mine")]);
    const theirs = imageBytes([await addBlob(store.blobs, "theirs")]);
    const manifests = await disturb(store, async (operation) => {
      if (operation === "link") await writeFile(join(store.root, "manifests/h/n/m/t"), theirs);
    });
    await expectStoreError(
      manifests.put(ref, mine, { ifMatch: null }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    expect((await store.manifests.get(ref))?.bytes).toEqual(theirs);
    expect(await readdir(join(store.root, "manifests/h/n/m"))).toEqual(["t"]);
  });

  it("creates the name first with the very same bytes keeps it", async () => {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    const manifests = await disturb(store, async (operation) => {
      if (operation === "link") await writeFile(join(store.root, "manifests/h/n/m/t"), bytes);
    });
    await expectStoreError(
      manifests.put(ref, bytes, { ifMatch: null }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    expect(await names(store)).toEqual(["h/n/m:t"]);
  });

  it("creates the name first has it replaced by a put that asks for nothing", async () => {
    await using store = await openTestStore();
    const mine = imageBytes([await addBlob(store.blobs, "mine")]);
    const theirs = imageBytes([await addBlob(store.blobs, "theirs")]);
    const manifests = await disturb(store, async (operation) => {
      if (operation === "link") await writeFile(join(store.root, "manifests/h/n/m/t"), theirs);
    });
    await manifests.put(ref, mine);
    expect((await store.manifests.get(ref))?.bytes).toEqual(mine);
  });

  it("makes the name of the same bytes keeps it when ours has to be withdrawn", async () => {
    await using store = await openTestStore();
    const layer = await addBlob(store.blobs, "layer");
    const bytes = imageBytes([layer]);
    const path = join(store.root, "manifests/h/n/m/t");
    let looks = 0;
    const manifests = await disturb(
      store,
      async () => {},
      (blobs) => ({
        ...blobs,
        async ensureVerified(digest, options) {
          if (digest === layer.digest) looks += 1;
          if (looks < 2 || digest !== layer.digest) return blobs.ensureVerified(digest, options);
          await writeFile(`${path}.new`, bytes);
          await rename(`${path}.new`, path);
          return undefined;
        },
      }),
    );
    await expectStoreError(manifests.put(ref, bytes), "ERR_STORE_MANIFEST_BLOB_MISSING");
    expect((await store.manifests.get(ref))?.bytes).toEqual(bytes);
  });

  it("creates a flat name in another case at the same time makes ours give way", async () => {
    await using store = await openTestStore();
    const blob = await addBlob(store.blobs, "weights");
    const theirs = join(store.root, "manifests", "Gemma.json");
    const manifests = await disturb(store, async (operation) => {
      if (operation === "link") await writeFile(theirs, encodeV1(v1Of("Gemma", blob)));
    });
    await expectStoreError(
      manifests.put(nameOf("gemma"), encodeV1(v1Of("gemma", blob))),
      "ERR_STORE_NAME_CONFLICT",
    );
    expect(await names(store)).toEqual(["Gemma"]);
  });

  it("creates a reference in another case at the same time makes ours give way", async () => {
    await using store = await openTestStore();
    const mine = imageBytes([await addBlob(store.blobs, "mine")]);
    const theirs = imageBytes([await addBlob(store.blobs, "theirs")]);
    const other = join(store.root, "manifests/H/n/M/t");
    const manifests = await disturb(store, async (operation) => {
      if (operation !== "link") return;
      await mkdir(dirname(other), { recursive: true });
      await writeFile(other, theirs);
    });
    await expectStoreError(manifests.put(ref, mine), "ERR_STORE_NAME_CONFLICT");
    expect(await names(store)).toEqual(["H/n/M:t"]);
    expect((await store.manifests.get(ref))?.bytes).toEqual(theirs);
    await manifests.put(ref, mine);
    expect(await names(store)).toEqual(["H/n/M:t"]);
    expect((await store.manifests.get(ref))?.bytes).toEqual(mine);
  });

  it("sweeps away the file we are writing does not keep the name from appearing", async () => {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    let sweeps = 0;
    const manifests = await disturb(store, async (operation, path) => {
      if (operation !== "link" || sweeps >= 3) return;
      sweeps += 1;
      for (const file of await readdir(dirname(path)))
        if (file.startsWith(".tmp-")) await unlink(join(dirname(path), file));
    });
    await manifests.put(ref, bytes);
    expect(sweeps).toBe(3);
    expect(await readdir(join(store.root, "manifests/h/n/m"))).toEqual(["t"]);
  });

  it("creates what the same bare word means makes ours give way, unless forced", async () => {
    await using store = await openTestStore();
    const blob = await addBlob(store.blobs, "weights");
    const manifests = await disturb(store, async (operation) => {
      const theirs = join(store.root, "manifests", "x.json");
      if (operation === "link") await writeFile(theirs, encodeV1(v1Of("x", blob)));
    });
    const bytes = imageBytes([blob]);
    await expectStoreError(manifests.put(nameOf("x:latest"), bytes), "ERR_STORE_NAME_CONFLICT");
    expect(await names(store)).toEqual(["x"]);
    await manifests.put(nameOf("x:latest"), bytes, { force: true });
    expect(await names(store)).toEqual(["registry.ollama.ai/library/x:latest", "x"]);
  });

  it("removes the empty directory again and again does not keep a name from appearing", async () => {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    let removals = 0;
    const manifests = await disturb(store, async (operation, path) => {
      if (operation !== "open" || removals >= 5) return;
      removals += 1;
      await rmdir(dirname(path));
      await rmdir(dirname(dirname(path)));
    });
    await manifests.put(ref, bytes);
    expect(removals).toBe(5);
    expect(await names(store)).toEqual(["h/n/m:t"]);
  });

  it("removes the directories of a name we are removing is no fault", async () => {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await store.manifests.put(ref, bytes);
    const manifests = await disturb(store, async (operation, path) => {
      if (operation !== "syncDirectory" || !path.endsWith("/m")) return;
      await rmdir(path);
      await rmdir(dirname(path));
    });
    expect(await manifests.unlink(ref)).toBe(true);
    expect(await readdir(join(store.root, "manifests"))).toEqual([]);
  });

  it("removes the name first makes our unlink say that it was not there", async () => {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await store.manifests.put(ref, bytes);
    const manifests = await disturb(store, async (operation, path) => {
      if (operation === "unlink") await unlink(path);
    });
    expect(await manifests.unlink(ref)).toBe(false);
  });

  it("puts a link where a directory of ours would be is refused", async () => {
    await using store = await openTestStore();
    const outside = `${store.root}.outside`;
    await mkdir(outside, { recursive: true });
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await mkdir(join(store.root, "manifests"), { recursive: true });
    await symlink(outside, join(store.root, "manifests/h"));
    await expectStoreError(store.manifests.put(ref, bytes), "ERR_STORE_NOT_A_DIRECTORY");
    expect(await readdir(outside)).toEqual([]);
  });
});

describe("a name that was shown before its publish failed", () => {
  it.each([
    ["is taken back", undefined],
    ["holds again what it held", "old"],
  ])("%s", async (_what, held) => {
    await using store = await openTestStore();
    const [old, bytes] = [
      imageBytes([await addBlob(store.blobs, "old")]),
      imageBytes([await addBlob(store.blobs, "new")]),
    ];
    if (held !== undefined) await store.manifests.put(ref, old);
    let shown = false;
    const manifests = await disturb(store, async (operation, path) => {
      if (operation === "rename" || operation === "link") shown = true;
      if (operation !== "syncDirectory" || !shown || !path.endsWith("/m")) return;
      shown = false;
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    });
    await expectStoreError(manifests.put(ref, bytes), "ERR_STORE_IO_FAILED");
    const found = await store.manifests.get(ref);
    expect(found?.bytes).toEqual(held === undefined ? undefined : old);
  });
});

describe("publishing what the name holds already", () => {
  it("fails when a blob is gone by the second look, and leaves the name as it was", async () => {
    await using store = await openTestStore();
    const blob = await addBlob(store.blobs, "layer");
    const bytes = imageBytes([blob]);
    await store.manifests.put(ref, bytes);
    let looks = 0;
    const manifests = await disturb(
      store,
      async () => {},
      (blobs) => ({
        ...blobs,
        async ensureVerified(digest, options) {
          if (digest === blob.digest) looks += 1;
          return looks > 1 ? undefined : blobs.ensureVerified(digest, options);
        },
      }),
    );
    await expectStoreError(manifests.put(ref, bytes), "ERR_STORE_MANIFEST_BLOB_MISSING");
    expect((await store.manifests.get(ref))?.bytes).toEqual(bytes);
  });
});

describe("the order of steps", () => {
  it("has the manifest in the store as a blob before the name can be seen", async () => {
    await using store = await openTestStore();
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    const own = describeText(new TextDecoder().decode(bytes));
    let seen = false;
    const manifests = await disturb(store, async (operation) => {
      if (operation !== "link") return;
      await access(store.layout.paths.blob(own.digest));
      seen = true;
    });
    await manifests.put(ref, bytes);
    expect(seen).toBe(true);
  });

  it("of a removal syncs the directory before it is tidied away", async () => {
    await using store = await openTestStore();
    await store.manifests.put(ref, imageBytes([await addBlob(store.blobs, "layer")]));
    const fs = createFaultyFs(quickFs);
    const { manifests } = await store.reopen({ fs });
    await manifests.unlink(ref);
    const below = `${store.root}/manifests`;
    expect(
      fs.calls
        .filter((call) => call.includes(below) && /^(?:unlink|fsync-directory|rmdir) /.test(call))
        .map((call) => call.replace(below, "")),
    ).toEqual([
      "unlink /h/n/m/t",
      "fsync-directory /h/n/m",
      "rmdir /h/n/m",
      "rmdir /h/n",
      "rmdir /h",
    ]);
  });
});
