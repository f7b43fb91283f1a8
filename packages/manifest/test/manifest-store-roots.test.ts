import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Digest } from "@store/layout";
import { createFaultyFs, expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encodeV1, formatName, verifyManifests } from "../src/index.ts";
import { quickFs } from "./support/quick-fs.ts";
import {
  addBlob,
  collect,
  describeText,
  imageBytes,
  indexBytes,
  nameOf,
  openTestStore,
  type TestStore,
  textOf,
  v1Of,
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

/** Publishes a model of one layer under a reference. */
async function putImage(text: string, layer = "layer"): Promise<Digest> {
  const bytes = imageBytes([await addBlob(store.blobs, layer)]);
  return (await store.manifests.put(nameOf(text), bytes)).digest;
}

/** Publishes a model of one blob under a flat name. */
async function putFlat(name: string, content = "weights"): Promise<Digest> {
  const bytes = encodeV1(v1Of(name, await addBlob(store.blobs, content)));
  return (await store.manifests.put(nameOf(name), bytes)).digest;
}

async function writeByHand(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(fileOf(path)), { recursive: true });
  await writeFile(fileOf(path), content);
}

describe("tag", () => {
  it("gives the same bytes another reference", async () => {
    const digest = await putImage("h/n/m:t");
    await store.manifests.tag(nameOf("h/n/m:t"), nameOf("me/copy:v1"));
    expect((await store.manifests.resolve(nameOf("me/copy:v1")))?.digest).toBe(digest);
  });

  it("refuses a name that is not there", async () => {
    const error = await expectStoreError(
      store.manifests.tag(nameOf("h/n/m:t"), nameOf("x")),
      "ERR_STORE_MANIFEST_NOT_FOUND",
    );
    expect(error).toMatchObject({ kind: "not-found", detail: { ref: "h/n/m:t" } });
  });

  it("onto itself changes nothing", async () => {
    const digest = await putImage("h/n/m:t");
    await store.manifests.tag(nameOf("h/n/m:t"), nameOf("h/n/m:t"));
    expect((await store.manifests.resolve(nameOf("h/n/m:t")))?.digest).toBe(digest);
  });

  it("makes a reference of a flat name: an artifact of one file", async () => {
    await putFlat("x");
    await store.manifests.tag(nameOf("x"), nameOf("me/x:v1"));
    const stored = await store.manifests.get(nameOf("me/x:v1"));
    expect(stored?.document).toMatchObject({
      kind: "image",
      artifactType: "application/vnd.cncf.model.manifest.v1+json",
      layers: [
        {
          digest: describeText("weights").digest,
          annotations: { "org.cncf.model.filepath": "w.gguf" },
        },
      ],
    });
    const roots = await collect(store.manifests.roots());
    expect(roots.find(({ name }) => name.includes("me/x"))?.digests).toHaveLength(3);
  });

  it("makes a flat name of a reference with one file of weights", async () => {
    await putImage("llama:1b");
    await store.manifests.tag(nameOf("llama:1b"), nameOf("flat"));
    expect((await store.manifests.get(nameOf("flat")))?.document).toEqual({
      kind: "v1",
      name: "flat",
      format: "gguf",
      blob: describeText("layer").digest,
      size: 5,
      license: undefined,
      source: {
        registry: "registry.ollama.ai",
        repo: "library/llama",
        revision: "1b",
        filename: "model.gguf",
      },
      producedBy: "store/0",
      producedAt: "2026-01-02T03:04:05Z",
    });
  });

  it("makes no flat name of a model that needs more than one blob", async () => {
    const layers = [await addBlob(store.blobs, "one"), await addBlob(store.blobs, "two")];
    await store.manifests.put(nameOf("h/n/m:t"), imageBytes(layers));
    await expectStoreError(
      store.manifests.tag(nameOf("h/n/m:t"), nameOf("flat")),
      "ERR_STORE_NAME_UNFIT",
    );
    const child = await store.manifests.resolve(nameOf("h/n/m:t"));
    if (child === undefined) throw new TypeError("the manifest is gone");
    await store.manifests.put(nameOf("h/n/i:t"), indexBytes([child]));
    await expectStoreError(
      store.manifests.tag(nameOf("h/n/i:t"), nameOf("flat")),
      "ERR_STORE_NAME_UNFIT",
    );
  });
});

describe("an index", () => {
  const absent = { ...describeText("another platform"), size: 16 };

  it("needs the manifests that are present, with all they name, and no others", async () => {
    const child = await putImage("h/n/m:amd64");
    await store.manifests.unlink(nameOf("h/n/m:amd64"));
    const size = (await store.blobs.stat(child))?.size ?? 0;
    const bytes = indexBytes([{ digest: child, size }, absent]);
    const { digest } = await store.manifests.put(nameOf("h/n/m:t"), bytes);
    const [root] = await collect(store.manifests.roots());
    expect(root).toEqual({
      name: "h/n/m:t",
      digests: [digest, child, describeText("layer").digest, absent.digest].toSorted(),
    });
  });

  it("is refused if nothing of it is there, or a layer below it is missing", async () => {
    await expectStoreError(
      store.manifests.put(nameOf("h/n/m:t"), indexBytes([absent])),
      "ERR_STORE_MANIFEST_BLOB_MISSING",
    );
    const child = await addBlob(store.blobs, textOf(imageBytes([describeText("no layer")])));
    await expectStoreError(
      store.manifests.put(nameOf("h/n/m:t"), indexBytes([child])),
      "ERR_STORE_MANIFEST_BLOB_MISSING",
    );
    expect(await names()).toEqual([]);
  });

  it("may hold indexes, but not without end", async () => {
    const type = "application/vnd.oci.image.index.v1+json";
    let inner = await addBlob(store.blobs, textOf(imageBytes([await addBlob(store.blobs, "l")])));
    const depths: string[] = [];
    for (let depth = 0; depth < 6; depth += 1) {
      const entry = depth === 0 ? inner : { ...inner, mediaType: type };
      const bytes = indexBytes([entry]);
      const outcome = await store.manifests.put(nameOf(`h/n/m:d${depth}`), bytes).then(
        () => "ok",
        (error: { code: string }) => error.code,
      );
      depths.push(outcome);
      inner = await addBlob(store.blobs, textOf(bytes));
    }
    const refused = "ERR_STORE_MANIFEST_INVALID";
    expect(depths).toEqual(["ok", "ok", "ok", "ok", refused, refused]);
  });
});

describe("roots", () => {
  const unreadable = "ERR_STORE_ROOT_UNREADABLE";

  it("name every digest of every name, in order", async () => {
    const blob = await addBlob(store.blobs, "weights");
    const config = await addBlob(store.blobs, "{}");
    await putFlat("x");
    const bytes = imageBytes([blob, blob], config);
    const { digest } = await store.manifests.put(nameOf("h/n/m:t"), bytes);
    expect(await collect(store.manifests.roots())).toEqual([
      { name: "h/n/m:t", digests: [digest, blob.digest, config.digest].toSorted() },
      { name: "x", digests: [blob.digest] },
    ]);
  });

  it.each<[string, string, string | Uint8Array]>([
    ["cut off", "h/n/m/t", '{"schemaVersion":2,"layers":['],
    ["empty", "h/n/m/t", ""],
    ["NUL-padded", "x.json", new Uint8Array(4096)],
    ["too large", "x.json", " ".repeat(4 * 1024 * 1024 + 1)],
    ["no manifest", "h/n/m/t", "[]"],
  ])("stop at a name that is %s", async (_what, path, content) => {
    await putImage("z/z/z:z");
    await writeByHand(path, content);
    const error = await expectStoreError(collect(store.manifests.roots()), unreadable);
    expect(error.kind).toBe("corrupt");
    expect(error.cause).toBeDefined();
    expect(await names()).toHaveLength(2);
  });

  it.each([
    ["a newer version", '{"schemaVersion":3,"layers":[]}', "MANIFEST_VERSION_UNSUPPORTED"],
    [
      "a blob named by SHA-512",
      `{"layers":[{"digest":"sha512:${"a".repeat(128)}","size":1}]}`,
      "DIGEST_UNSUPPORTED",
    ],
  ])("stop at a whole name of %s, and say how to leave it out", async (_what, text, reason) => {
    await putImage("z/z/z:z");
    await writeByHand("h/n/m/t", text);
    const error = await expectStoreError(collect(store.manifests.roots()), unreadable);
    expect(error.kind).toBe("unsupported");
    expect(error.detail).toEqual({ name: "h/n/m:t", reason: `ERR_STORE_${reason}` });
    expect(error.hint).toContain("move its file out of `manifests/`");
    const findings = await collect(verifyManifests(store.manifests, store.blobs));
    expect(findings.map(({ code, subject }) => [code, subject])).toEqual([
      [`ERR_STORE_${reason}`, "h/n/m:t"],
    ]);
    expect(await store.manifests.unlink(nameOf("h/n/m:t"))).toBe(true);
    expect(await collect(store.manifests.roots())).toHaveLength(1);
  });

  it("stop at links, which may hide names", async () => {
    await putImage("h/n/m:t");
    await symlink(fileOf("h/n/m/t"), fileOf("h/n/m/link"));
    await expectStoreError(collect(store.manifests.roots()), unreadable);
  });

  it("stop at links to directories", async () => {
    await putImage("h/n/m:t");
    await symlink(fileOf("h"), fileOf("alias"));
    await expectStoreError(collect(store.manifests.roots()), unreadable);
  });

  it.each(["entries", "open-read", "fstat", "read"])("stop when %s fails", async (operation) => {
    await putImage("h/n/m:t");
    const counting = createFaultyFs(quickFs);
    const dry = await store.reopen({ fs: counting });
    const before = counting.calls.length;
    await collect(dry.manifests.roots());
    const at = counting.calls.findIndex(
      (call, index) => index >= before && call.startsWith(`${operation} `),
    );
    expect(at).toBeGreaterThan(0);
    const fs = createFaultyFs(quickFs, { kind: "error", at: at + 1, errno: "EIO" });
    const faulty = await store.reopen({ fs });
    await expectStoreError(collect(faulty.manifests.roots()), unreadable);
    expect(fs.struck).toBe(true);
  });

  it("stop when a manifest below an index is damaged", async () => {
    const child = await putImage("h/n/m:amd64");
    const size = (await store.blobs.stat(child))?.size ?? 0;
    await store.manifests.put(nameOf("h/n/m:t"), indexBytes([{ digest: child, size }]));
    await store.manifests.unlink(nameOf("h/n/m:amd64"));
    await chmod(store.layout.paths.blob(child), 0o644);
    await writeFile(store.layout.paths.blob(child), "x".repeat(size));
    await expectStoreError(collect(store.manifests.roots()), unreadable);
  });
});

describe("remove", () => {
  it("releases only what no other name needs", async () => {
    const shared = await addBlob(store.blobs, "shared");
    const own = await addBlob(store.blobs, "own");
    const { digest } = await store.manifests.put(nameOf("h/n/a:t"), imageBytes([shared, own]));
    await store.manifests.put(nameOf("h/n/b:t"), imageBytes([shared]));
    expect(await store.manifests.remove(nameOf("h/n/a:t"))).toEqual({
      removed: true,
      released: [digest, own.digest].toSorted(),
    });
    expect(await store.blobs.stat(shared.digest)).toMatchObject({ released: false });
    expect(await store.blobs.stat(own.digest)).toMatchObject({ released: true });
    expect(await store.manifests.remove(nameOf("h/n/a:t"))).toEqual({
      removed: false,
      released: [],
    });
  });

  it("releases nothing while another name cannot be read", async () => {
    await putImage("h/n/a:t");
    await writeByHand("h/n/b/t", "{");
    expect(await store.manifests.remove(nameOf("h/n/a:t"))).toEqual({
      removed: true,
      released: [],
    });
  });

  it("removes a damaged name, and then releases nothing", async () => {
    await writeByHand("h/n/b/t", "{");
    expect(await store.manifests.remove(nameOf("h/n/b:t"))).toEqual({
      removed: true,
      released: [],
    });
    expect(await names()).toEqual([]);
  });
});

describe("directories that come and go", () => {
  it("do not fail a link that meets an unlink", async () => {
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    const one = await store.reopen();
    const two = await store.reopen();
    for (let round = 0; round < 30; round += 1) {
      const [a, b] = [nameOf("h/n/m:a"), nameOf("h/n/m:b")];
      await one.manifests.put(a, bytes);
      await Promise.all([one.manifests.unlink(a), two.manifests.put(b, bytes)]);
      expect(await names()).toEqual(["h/n/m:b"]);
      await two.manifests.unlink(b);
    }
  });

  it("come back when somebody wipes them all while the store is open", async () => {
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await store.manifests.put(nameOf("h/n/m:t"), bytes);
    await rm(fileOf("."), { recursive: true });
    await store.manifests.put(nameOf("h/n/m:t"), bytes);
    expect(await names()).toEqual(["h/n/m:t"]);
  });
});
