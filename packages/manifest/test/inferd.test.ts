/** inferd's tests of manifests and names, under their names, and what its files need of us. */
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { decodeManifest, encodeV1, formatName, parseName } from "../src/index.ts";
import {
  addBlob,
  collect,
  nameOf,
  openTestStore,
  type TestStore,
  textOf,
  utf8,
  v1Of,
} from "./support/test-store.ts";

let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store[Symbol.asyncDispose]());

const fileOf = (path: string): string => join(store.root, "manifests", path);

describe("manifests as inferd writes them", () => {
  it("write_then_read_manifest_round_trip", async () => {
    const manifest = v1Of("gemma-4-e4b", await addBlob(store.blobs, "weights"));
    await store.manifests.put(nameOf("gemma-4-e4b"), encodeV1(manifest));
    const stored = await store.manifests.get(nameOf("gemma-4-e4b"));
    expect(stored?.document).toEqual(manifest);
    expect(textOf(stored?.bytes ?? new Uint8Array())).toBe(textOf(encodeV1(manifest)));
  });

  it("read_missing_manifest_returns_none", async () => {
    expect(await store.manifests.get(nameOf("nope"))).toBeUndefined();
  });

  it("manifest_path_uses_name_dot_json", async () => {
    const manifest = v1Of("gemma-4-e4b", await addBlob(store.blobs, "weights"));
    await store.manifests.put(nameOf("gemma-4-e4b"), encodeV1(manifest));
    expect(await readFile(fileOf("gemma-4-e4b.json"), "utf8")).toBe(textOf(encodeV1(manifest)));
    expect(await readdir(fileOf("."))).toEqual(["gemma-4-e4b.json"]);
  });

  it("parse_blob_ref_strips_prefix differs: a reference to a blob is a whole digest or none", () => {
    const text = textOf(encodeV1(v1Of("x", { digest: "sha256:abc" as never, size: 1 })));
    expect(() => decodeManifest(utf8(text))).toThrow(/not a digest/);
  });

  it("ensure_layout_creates_dirs differs: reading creates nothing", async () => {
    await store.manifests.get(nameOf("x"));
    await store.manifests.resolve(nameOf("h/n/m:t"));
    expect(await collect(store.manifests.list())).toEqual([]);
    expect(await collect(store.manifests.roots())).toEqual([]);
    expect(await store.manifests.unlink(nameOf("x"))).toBe(false);
    await expect(access(store.root)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("the names inferd accepts and refuses", () => {
  const accepted = [
    "gemma-4-e4b",
    "gemma-4-e4b-mmproj",
    "embeddinggemma-300m",
    "Model_1.2",
    "a",
    "console",
    "context-7b",
    "nullamodel",
    "com10",
    "aux-model",
    "a".repeat(128),
  ];
  it.each(accepted)("%s is a name and has a file", async (text) => {
    const manifest = v1Of(text, await addBlob(store.blobs, "weights"));
    await store.manifests.put(nameOf(text), encodeV1(manifest));
    expect(await readdir(fileOf("."))).toEqual([`${text}.json`]);
  });

  it.each([
    "../../../etc/passwd",
    "..\\..\\evil",
    "..",
    "sub/dir",
    "sub\\dir",
    ".hidden",
    "",
    "with space",
    "semi;colon",
    "n\0ul",
    "a".repeat(129),
    "CON",
    "con",
    "NUL",
    "com9",
    "lpt9",
    "con.gguf",
    "NUL.json",
  ])("%j is no flat name, and creates nothing", async (text) => {
    const wrong = { kind: "flat", name: text } as const;
    const manifest = encodeV1(v1Of(text, { digest: v1Blob, size: 3 }));
    await expectStoreError(store.manifests.put(wrong, manifest), "ERR_STORE_REF_INVALID");
    await expectStoreError(store.manifests.get(wrong), "ERR_STORE_REF_INVALID");
    await expectStoreError(store.manifests.unlink(wrong), "ERR_STORE_REF_INVALID");
    await expect(access(store.root)).rejects.toMatchObject({ code: "ENOENT" });
    if (text !== "sub/dir") expect(() => parseName(text)).toThrow(/not a name/);
  });
  const v1Blob = `sha256:${"ab".repeat(32)}` as never;
});

describe("a root that inferd writes to as well", () => {
  it("shows the names it wrote and ignores what it is writing", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await mkdir(fileOf("."), { recursive: true });
    await writeFile(fileOf("theirs.json"), encodeV1(v1Of("theirs", blob)));
    await writeFile(fileOf("half.json.tmp"), '{"schema_ver');
    await writeFile(fileOf(".tmp-0123456789abcdef"), "{");
    await writeFile(fileOf(".DS_Store"), "x");
    await writeFile(fileOf("notes.txt"), "x");
    const names = await collect(store.manifests.list());
    expect(names.map(({ name }) => formatName(name))).toEqual(["theirs"]);
    expect(await collect(store.manifests.roots())).toEqual([
      { name: "theirs", digests: [blob.digest] },
    ]);
  });

  it("lets two names share a blob", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await store.manifests.put(nameOf("one"), encodeV1(v1Of("one", blob)));
    await store.manifests.put(nameOf("two"), encodeV1(v1Of("two", blob)));
    expect(await store.manifests.remove(nameOf("one"))).toEqual({ removed: true, released: [] });
    expect(await store.manifests.remove(nameOf("two"))).toEqual({
      removed: true,
      released: [blob.digest],
    });
    expect(await store.blobs.stat(blob.digest)).toMatchObject({ released: true });
  });

  it("keeps the fields of a newer inferd when a manifest gets a second name", async () => {
    const blob = await addBlob(store.blobs, "weights");
    const manifest = v1Of("theirs", blob, { extra: [{ key: "signature", json: '{"k": 1.50}' }] });
    await mkdir(fileOf("."), { recursive: true });
    await writeFile(fileOf("theirs.json"), encodeV1(manifest));
    await store.manifests.tag(nameOf("theirs"), nameOf("ours"));
    const text = await readFile(fileOf("ours.json"), "utf8");
    expect(text).toBe(textOf(encodeV1({ ...manifest, name: "ours" })));
    expect(text).toContain('"signature": {"k": 1.50}');
  });

  it("protects the blobs of a manifest whose file name inferd allowed and we do not", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await mkdir(fileOf("."), { recursive: true });
    await writeFile(fileOf("with space.json"), encodeV1(v1Of("with space", blob)));
    await writeFile(fileOf("a note (1).json"), "no manifest");
    expect(await collect(store.manifests.list())).toEqual([]);
    expect(await collect(store.manifests.listStrays())).toEqual([
      fileOf("a note (1).json"),
      fileOf("with space.json"),
    ]);
    expect(await collect(store.manifests.roots())).toEqual([
      { name: fileOf("with space.json"), digests: [blob.digest] },
    ]);
  });
});
