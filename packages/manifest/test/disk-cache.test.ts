/**
 * What Ollama's DiskCache promises about names and links, by the numbers its behaviour is recorded
 * under. Rows about blobs alone belong to the layout's suites. Deliberate differences are listed in
 * the package's README.
 */
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { openLayout } from "@store/layout";
import { expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { formatName, type Name } from "../src/index.ts";
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

let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store[Symbol.asyncDispose]());

const fileOf = (path: string): string => join(store.root, "manifests", path);

async function names(): Promise<readonly string[]> {
  return (await collect(store.manifests.list())).map(({ name }) => formatName(name));
}

/** Puts a manifest over one small layer into the store as a blob. */
async function addManifest(layer: string): Promise<ReturnType<typeof describeText>> {
  const bytes = imageBytes([await addBlob(store.blobs, layer)]);
  return addBlob(store.blobs, textOf(bytes));
}

async function age(path: string): Promise<void> {
  await utimes(path, 1_000_000, 1_000_000);
}

describe("opening", () => {
  it("DC-01 accepts a directory that exists", async () => {
    await mkdir(store.root, { recursive: true });
    await expect(openLayout(store.root)).resolves.toBeDefined();
  });

  it("DC-02 refuses an empty directory name", async () => {
    const error = await expectStoreError(openLayout(""), "ERR_STORE_NOT_A_DIRECTORY");
    expect(error.message).toContain("empty directory name");
  });

  it("DC-03 refuses the path of a regular file", async () => {
    const file = `${store.root}.file`;
    await writeFile(file, "x");
    const error = await expectStoreError(openLayout(file), "ERR_STORE_NOT_A_DIRECTORY");
    expect(error.message).toContain("not a directory");
  });
});

describe("resolving", () => {
  it("DC-06 answers undefined for a name that does not exist", async () => {
    expect(await store.manifests.resolve(nameOf("h/n/m:t"))).toBeUndefined();
    expect(await store.manifests.get(nameOf("h/n/m:t"))).toBeUndefined();
    expect(await store.manifests.locate(nameOf("x"))).toBeUndefined();
  });

  it("DC-13 takes in a manifest somebody wrote by hand", async () => {
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    const path = fileOf("h/n/m/t");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    const expected = describeText(textOf(bytes));
    expect(await store.blobs.stat(expected.digest)).toBeUndefined();
    expect(await store.manifests.resolve(nameOf("h/n/m:t"))).toMatchObject(expected);
    expect(await store.blobs.stat(expected.digest)).toMatchObject({ size: expected.size });
  });

  it("DC-13 answers on a store it may not write to, and leaves it as it is", async () => {
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    const path = fileOf("h/n/m/t");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    const reader = await store.reopen({ readOnly: true });
    const found = await reader.manifests.resolve(nameOf("h/n/m:t"));
    expect(found).toMatchObject(describeText(textOf(bytes)));
    expect(await store.blobs.stat(describeText(textOf(bytes)).digest)).toBeUndefined();
  });

  it("DC-13 differs: bytes that are no manifest are damage, not an answer", async () => {
    await mkdir(fileOf("h/n/m"), { recursive: true });
    await writeFile(fileOf("h/n/m/t"), "1");
    await expectStoreError(
      store.manifests.resolve(nameOf("h/n/m:t")),
      "ERR_STORE_MANIFEST_INVALID",
    );
  });
});

describe("linking", () => {
  const name = nameOf("h/n/m:t");

  it("DC-12, DC-26 changes nothing when the name holds the same bytes already", async () => {
    const manifest = await addManifest("1");
    await store.manifests.link(name, manifest.digest);
    await age(fileOf("h/n/m/t"));
    await store.manifests.link(name, manifest.digest);
    expect((await stat(fileOf("h/n/m/t"))).mtimeMs).toBe(1_000_000_000);
  });

  it("DC-23 refuses an absent blob and leaves no directory behind", async () => {
    const { digest } = describeText("absent");
    const error = await expectStoreError(
      store.manifests.link(name, digest),
      "ERR_STORE_MANIFEST_BLOB_MISSING",
    );
    expect(error).toMatchObject({ kind: "not-found", detail: { name: "h/n/m:t", digest } });
    expect(await readdir(store.root).catch(() => [])).not.toContain("manifests");
  });

  it("DC-24, DC-25 resolves to what was linked last, byte for byte", async () => {
    const [one, two] = [await addManifest("1"), await addManifest("22")];
    await store.manifests.link(name, one.digest);
    expect((await store.manifests.resolve(name))?.digest).toBe(one.digest);
    await store.manifests.link(name, two.digest);
    expect((await store.manifests.resolve(name))?.digest).toBe(two.digest);
    const bytes = await readFile(fileOf("h/n/m/t"));
    expect(describeText(textOf(bytes)).digest).toBe(two.digest);
  });

  it("differs from the cache: a relink to a manifest of the same size takes effect", async () => {
    const [one, two] = [await addManifest("a"), await addManifest("b")];
    expect(one.size).toBe(two.size);
    await store.manifests.link(name, one.digest);
    await store.manifests.link(name, two.digest);
    expect((await store.manifests.resolve(name))?.digest).toBe(two.digest);
  });

  it("DC-27 notices that the blob of a manifest holds other bytes", async () => {
    const manifest = await addManifest("1");
    const path = store.layout.paths.blob(manifest.digest);
    const bytes = await readFile(path);
    bytes[bytes.length - 2] = 0x20;
    await chmod(path, 0o644);
    await writeFile(path, bytes);
    await expectStoreError(
      store.manifests.link(name, manifest.digest),
      "ERR_STORE_BLOB_DIGEST_MISMATCH",
    );
    expect(await names()).toEqual([]);
  });

  it("refuses a blob that is no manifest, whatever its size", async () => {
    const small = await addBlob(store.blobs, "1");
    await expectStoreError(store.manifests.link(name, small.digest), "ERR_STORE_MANIFEST_INVALID");
    const large = await addBlob(store.blobs, "x".repeat(4 * 1024 * 1024 + 1));
    await expectStoreError(
      store.manifests.link(name, large.digest),
      "ERR_STORE_MANIFEST_TOO_LARGE",
    );
  });
});

describe("names that differ in case", () => {
  const lower = nameOf("h/n/m:t");
  const upper = nameOf("H/N/M:T");

  it("DC-28 are one name, and the first spelling is kept", async () => {
    const [one, two] = [await addManifest("1"), await addManifest("2")];
    await store.manifests.link(lower, one.digest);
    await store.manifests.link(upper, two.digest);
    expect((await store.manifests.resolve(lower))?.digest).toBe(two.digest);
    expect((await store.manifests.resolve(upper))?.digest).toBe(two.digest);
    expect(await names()).toEqual(["h/n/m:t"]);
  });

  it("DC-29 may be spelled anew once the old spelling is gone", async () => {
    const manifest = await addManifest("1");
    await store.manifests.link(lower, manifest.digest);
    expect(await store.manifests.unlink(upper)).toBe(true);
    await store.manifests.link(nameOf("h/n/m:T"), manifest.digest);
    expect(await names()).toEqual(["h/n/m:T"]);
  });

  it("share the directories that exist", async () => {
    const manifest = await addManifest("1");
    await store.manifests.link(lower, manifest.digest);
    await store.manifests.link(nameOf("H/N/M:u"), manifest.digest);
    expect(await names()).toEqual(["h/n/m:t", "h/n/m:u"]);
  });

  it("differ from the cache where both exist: the exact spelling comes first", async () => {
    const [one, two] = [await addManifest("1"), await addManifest("2")];
    await store.manifests.link(lower, one.digest);
    await mkdir(fileOf("H/N/M"), { recursive: true });
    const bytes = await collect(store.blobs.read(two.digest));
    await writeFile(fileOf("H/N/M/T"), Buffer.concat(bytes));
    expect((await store.manifests.resolve(lower))?.digest).toBe(one.digest);
    expect((await store.manifests.resolve(upper))?.digest).toBe(two.digest);
    // Neither is spelled so; then the lexically first one answers.
    expect((await store.manifests.resolve(nameOf("h/N/m:T")))?.digest).toBe(two.digest);
  });
});

describe("paths", () => {
  it("DC-05, DC-30 refuses names that are not fully qualified, and no text becomes a path", () => {
    const texts = ["", "invalid/", "%/%/%/%", "h/n/m/t", "h/n/m:t@sha256-1", "m@sha256-1"];
    for (const text of texts) expect(() => nameOf(text), text).toThrow(/not a name/);
  });

  it.each([
    ["h/n/m:t", "h/n/m/t"],
    ["hh/nn/mm:tt", "hh/nn/mm/tt"],
    ["h:5000/n/m:t", "h:5000/n/m/t"],
  ])("DC-31 puts %s at %s", async (text, path) => {
    const manifest = await addManifest("1");
    await store.manifests.link(nameOf(text), manifest.digest);
    expect((await store.manifests.locate(nameOf(text)))?.path).toBe(fileOf(path));
    expect((await stat(fileOf(path))).isFile()).toBe(true);
  });
});

describe("listing and removing", () => {
  it("DC-32 lists in lexical order", async () => {
    const manifest = await addManifest("1");
    for (const text of ["h/n/m:u", "h/n/m:t", "a/n/m:z"]) {
      await store.manifests.link(nameOf(text), manifest.digest);
    }
    expect(await names()).toEqual(["a/n/m:z", "h/n/m:t", "h/n/m:u"]);
  });

  it("DC-33 says whether the name was there", async () => {
    const name: Name = nameOf("h/n/m:t");
    await store.manifests.link(name, (await addManifest("1")).digest);
    expect(await store.manifests.unlink(name)).toBe(true);
    expect(await store.manifests.resolve(name)).toBeUndefined();
    expect(await store.manifests.unlink(name)).toBe(false);
  });

  it("differs from the cache: no empty directory stays", async () => {
    const manifest = await addManifest("1");
    await store.manifests.link(nameOf("h/n/m:t"), manifest.digest);
    await store.manifests.link(nameOf("h/n/other:t"), manifest.digest);
    await store.manifests.unlink(nameOf("h/n/m:t"));
    expect(await readdir(fileOf("h/n"))).toEqual(["other"]);
    await store.manifests.unlink(nameOf("h/n/other:t"));
    expect(await readdir(fileOf("."))).toEqual([]);
  });

  it("lists no link and no directory at the level of tags as a name that can be read", async () => {
    const manifest = await addManifest("1");
    await store.manifests.link(nameOf("h/n/m:t"), manifest.digest);
    await mkdir(fileOf("h/n/m/dir"));
    expect(await names()).toEqual(["h/n/m:t"]);
    expect(await store.manifests.get(nameOf("h/n/m:t"))).toBeDefined();
  });
});
