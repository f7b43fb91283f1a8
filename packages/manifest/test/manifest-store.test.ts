import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Digest } from "@store/layout";
import { createFaultyFs, expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encodeV1, findName, formatName } from "../src/index.ts";
import { quickFs } from "./support/quick-fs.ts";
import {
  addBlob,
  collect,
  describeText,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
  utf8,
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

describe("put", () => {
  it("makes the manifest itself a blob, so that the name resolves to it", async () => {
    const digest = await putImage("h/n/m:t");
    expect(await store.blobs.stat(digest)).toMatchObject({ verified: true });
    expect(await store.manifests.resolve(nameOf("h/n/m:t"))).toEqual({
      digest,
      size: (await readFile(fileOf("h/n/m/t"))).length,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
    });
  });

  it("keeps the bytes of a linked manifest as they are", async () => {
    const layer = await addBlob(store.blobs, "layer");
    const odd = utf8(`\n{ "layers" : [ {"size":5,"digest":"${layer.digest}"} ] ,"zz":0.10 }  \n`);
    await store.manifests.put(nameOf("h/n/m:t"), odd);
    expect(new Uint8Array(await readFile(fileOf("h/n/m/t")))).toEqual(odd);
  });

  it("refuses a manifest whose blobs are not there, and creates nothing", async () => {
    const absent = describeText("absent");
    const error = await expectStoreError(
      store.manifests.put(nameOf("h/n/m:t"), imageBytes([absent])),
      "ERR_STORE_MANIFEST_BLOB_MISSING",
    );
    expect(error.detail).toEqual({ name: "h/n/m:t", digest: absent.digest });
    await expectStoreError(
      store.manifests.put(nameOf("x"), encodeV1(v1Of("x", absent))),
      "ERR_STORE_MANIFEST_BLOB_MISSING",
    );
    expect(await names()).toEqual([]);
  });

  it("refuses a size that is not the blob's", async () => {
    const blob = await addBlob(store.blobs, "weights");
    const wrong = { ...blob, size: blob.size + 1 };
    await expectStoreError(
      store.manifests.put(nameOf("h/n/m:t"), imageBytes([wrong])),
      "ERR_STORE_MANIFEST_INVALID",
    );
    await expectStoreError(
      store.manifests.put(nameOf("x"), encodeV1(v1Of("x", wrong))),
      "ERR_STORE_MANIFEST_INVALID",
    );
    expect(await names()).toEqual([]);
  });

  it("hashes a blob that nobody has hashed, and refuses a wrong one", async () => {
    const blob = await addBlob(store.blobs, "weights");
    const path = store.layout.paths.blob(blob.digest);
    await chmod(path, 0o644);
    await writeFile(path, "WEIGHTS");
    await rm(store.layout.paths.chunks(blob.digest));
    await expectStoreError(
      store.manifests.put(nameOf("x"), encodeV1(v1Of("x", blob))),
      "ERR_STORE_MANIFEST_BLOB_MISSING",
    );
    expect(await names()).toEqual([]);
  });

  it("puts each kind of manifest under its kind of name only", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await expectStoreError(
      store.manifests.put(nameOf("x"), imageBytes([blob])),
      "ERR_STORE_NAME_UNFIT",
    );
    await expectStoreError(
      store.manifests.put(nameOf("h/n/m:t"), encodeV1(v1Of("x", blob))),
      "ERR_STORE_NAME_UNFIT",
    );
    await expectStoreError(
      store.manifests.put(nameOf("y"), encodeV1(v1Of("x", blob))),
      "ERR_STORE_MANIFEST_NAME_MISMATCH",
    );
  });

  it("takes back the release mark of everything the name needs", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await store.blobs.release([blob.digest]);
    await store.manifests.put(nameOf("x"), encodeV1(v1Of("x", blob)));
    expect(await store.blobs.stat(blob.digest)).toMatchObject({ released: false });
  });

  it("leaves no lease behind, whether it succeeds or fails", async () => {
    await putFlat("x");
    await store.manifests
      .put(nameOf("h/n/m:t"), imageBytes([describeText("absent")]))
      .catch(() => {});
    expect(await collect(store.leases.list())).toEqual([]);
  });

  it("refuses to write to a store that is open for reading", async () => {
    await putFlat("x");
    const reader = await store.reopen({ readOnly: true });
    const { manifests } = reader;
    const bytes = encodeV1(v1Of("x", describeText("weights")));
    await expectStoreError(manifests.put(nameOf("x"), bytes), "ERR_STORE_READ_ONLY");
    await expectStoreError(manifests.unlink(nameOf("x")), "ERR_STORE_READ_ONLY");
    expect(await manifests.get(nameOf("x"))).toBeDefined();
  });

  it("does nothing once it is aborted", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const blob = await addBlob(store.blobs, "weights");
    const bytes = encodeV1(v1Of("x", blob));
    await expect(store.manifests.put(nameOf("x"), bytes, { signal })).rejects.toBe(reason);
    await expect(store.manifests.get(nameOf("x"), { signal })).rejects.toBe(reason);
    await expect(collect(store.manifests.list({ signal }))).rejects.toBe(reason);
    expect(await names()).toEqual([]);
  });
});

describe("ifMatch", () => {
  const name = nameOf("h/n/m:t");

  it("null creates only what does not exist", async () => {
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await store.manifests.put(name, bytes, { ifMatch: null });
    const error = await expectStoreError(
      store.manifests.put(name, bytes, { ifMatch: null }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    expect(error).toMatchObject({ kind: "conflict", detail: { expected: null } });
  });

  it("null lets exactly one of many writers through", async () => {
    const layers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => addBlob(store.blobs, `layer ${index}`)),
    );
    const writers = await Promise.all(layers.map(() => store.reopen()));
    const outcomes = await Promise.allSettled(
      writers.map(({ manifests }, index) => {
        const [layer] = layers.slice(index);
        return manifests.put(name, imageBytes(layer === undefined ? [] : [layer]), {
          ifMatch: null,
        });
      }),
    );
    const won = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    expect(won).toHaveLength(1);
    expect((await store.manifests.resolve(name))?.digest).toBe(won[0]?.digest);
  });

  it("a digest replaces only what it names", async () => {
    const first = await putImage("h/n/m:t", "one");
    const second = imageBytes([await addBlob(store.blobs, "two")]);
    const { digest: other } = describeText("other");
    await expectStoreError(
      store.manifests.put(name, second, { ifMatch: other }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    const { digest } = await store.manifests.put(name, second, { ifMatch: first });
    await expectStoreError(
      store.manifests.put(name, second, { ifMatch: first }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    await expectStoreError(
      store.manifests.unlink(name, { ifMatch: first }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    expect(await store.manifests.unlink(name, { ifMatch: digest })).toBe(true);
    await expectStoreError(
      store.manifests.put(name, second, { ifMatch: digest }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
  });

  it("replaces a damaged manifest without it, and refuses with it", async () => {
    await writeByHand("h/n/m/t", "{");
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await expectStoreError(
      store.manifests.put(name, bytes, { ifMatch: null }),
      "ERR_STORE_MANIFEST_CHANGED",
    );
    await store.manifests.put(name, bytes);
    expect(await store.manifests.get(name)).toBeDefined();
  });
});

describe("names that could be confused", () => {
  it("flat names may not differ in nothing but case", async () => {
    await putFlat("Gemma");
    const error = await expectStoreError(putFlat("gemma"), "ERR_STORE_NAME_CONFLICT");
    expect(error).toMatchObject({
      kind: "conflict",
      detail: { expected: "gemma", actual: "Gemma" },
    });
    await putFlat("Gemma", "other weights");
    expect(await names()).toEqual(["Gemma"]);
  });

  it("a flat name is found in another spelling", async () => {
    const digest = await putFlat("Gemma");
    expect((await store.manifests.resolve(nameOf("gemma")))?.digest).toBe(digest);
    expect((await store.manifests.locate(nameOf("GEMMA")))?.name).toEqual(nameOf("Gemma"));
    expect(await store.manifests.unlink(nameOf("gEMMA"))).toBe(true);
  });

  it("a bare word means one thing: the second of the two names is refused unless forced", async () => {
    await putFlat("x");
    await expectStoreError(putImage("x:latest"), "ERR_STORE_NAME_CONFLICT");
    await expectStoreError(putImage("X:LATEST"), "ERR_STORE_NAME_CONFLICT");
    await putImage("x:other");
    await putImage("me/x:latest");
    const bytes = imageBytes([await addBlob(store.blobs, "layer")]);
    await store.manifests.put(nameOf("x:latest"), bytes, { force: true });
    // Once it exists it may be replaced like any other.
    await putImage("x:latest", "another layer");
  });

  it("the other way round as well", async () => {
    await putImage("Y:latest");
    await expectStoreError(putFlat("y"), "ERR_STORE_NAME_CONFLICT");
    const bytes = encodeV1(v1Of("y", await addBlob(store.blobs, "weights")));
    await store.manifests.put(nameOf("y"), bytes, { force: true });
    expect(await names()).toEqual(["registry.ollama.ai/library/Y:latest", "y"]);
  });
});

describe("findName", () => {
  const find = (text: string): Promise<unknown> => findName(store.manifests, text);

  it("takes the flat name first, then Ollama's", async () => {
    await putImage("x:latest");
    expect(await find("x")).toEqual(nameOf("x:latest"));
    expect(await find("X")).toEqual(nameOf("x:latest"));
    await store.manifests.put(
      nameOf("x"),
      encodeV1(v1Of("x", await addBlob(store.blobs, "weights"))),
      { force: true },
    );
    expect(await find("x")).toEqual({ kind: "flat", name: "x" });
    expect(await find("x:latest")).toEqual(nameOf("x:latest"));
    expect(await find("y")).toBeUndefined();
  });

  it("counts a name with a digest only if it holds that manifest", async () => {
    const digest = await putImage("x:latest");
    expect(await find(`x@${digest}`)).toEqual(nameOf("x:latest"));
    expect(await find(`x@${describeText("other").digest}`)).toBeUndefined();
    expect(await find(digest)).toBeUndefined();
    await expectStoreError(find("../x"), "ERR_STORE_REF_INVALID");
  });
});

describe("finding a reference", () => {
  it("takes one open for the exact spelling and four listings for any other", async () => {
    await putImage("Host/Ns/Model:Tag");
    const fs = createFaultyFs(quickFs);
    const { manifests } = await store.reopen({ fs });
    const counted = async (text: string): Promise<readonly string[]> => {
      const before = fs.calls.length;
      expect(await manifests.get(nameOf(text))).toBeDefined();
      return fs.calls.slice(before).map((call) => call.split(" ")[0] ?? "");
    };
    // A look at each directory tells a link from one of ours.
    expect(await counted("Host/Ns/Model:Tag")).toEqual([
      "open-read",
      "fstat",
      "read",
      "close",
      "lstat",
      "lstat",
      "lstat",
      "lstat",
    ]);
    const listings = (await counted("hOST/nS/mODEL:tAG")).filter((call) => call === "readdir");
    expect(listings).toHaveLength(4);
  });

  it("spells a port so that Windows can keep it, and finds both spellings everywhere", async () => {
    const windows = await openTestStore({ platform: "win32" });
    await using _ = windows;
    const bytes = imageBytes([await addBlob(windows.blobs, "layer")]);
    const name = nameOf("h:5000/n/m:t");
    await windows.manifests.put(name, bytes);
    const entry = await windows.manifests.locate(name);
    expect(entry?.path).toBe(join(windows.root, "manifests", "h%3A5000", "n", "m", "t"));
    const listed = await collect(windows.manifests.list());
    expect(listed.map((found) => found.name)).toEqual([name]);

    await writeByHand("h%3a5000/n/m/t", bytes);
    expect((await store.manifests.locate(name))?.path).toBe(fileOf("h%3a5000/n/m/t"));
    expect((await store.manifests.get(name))?.bytes).toEqual(bytes);
  });
});
