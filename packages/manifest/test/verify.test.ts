import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type Finding, isStoreError } from "@store/layout";
import { createFaultyFs } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encodeV1, verifyManifests } from "../src/index.ts";
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
  utf8,
  v1Of,
} from "./support/test-store.ts";

let store: TestStore;
beforeEach(async () => {
  store = await openTestStore();
});
afterEach(() => store[Symbol.asyncDispose]());

async function write(path: string, content: string | Uint8Array): Promise<void> {
  const file = join(store.root, "manifests", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

async function find(): Promise<readonly Finding[]> {
  return collect(verifyManifests(store.manifests, store.blobs));
}

async function brief(): Promise<readonly string[]> {
  return (await find()).map(({ severity, code, subject }) => `${severity} ${code} ${subject}`);
}

describe("verifyManifests", () => {
  it("finds nothing in a store that is whole", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await store.manifests.put(nameOf("x"), encodeV1(v1Of("x", blob)));
    const { digest, size } = await store.manifests.put(nameOf("h/n/m:t"), imageBytes([blob]));
    await store.manifests.put(nameOf("h/n/i:t"), indexBytes([{ digest, size }]));
    expect(await find()).toEqual([]);
  });

  it("names every fault and goes on", async () => {
    const blob = await addBlob(store.blobs, "weights");
    await store.manifests.put(nameOf("h/n/good:t"), imageBytes([blob]));
    await write("h/n/cut/t", '{"layers":[');
    await write("h/n/newer/t", '{"schemaVersion":3,"layers":[]}');
    await write("h/n/v1/t", encodeV1(v1Of("v1", blob)));
    await write("a-renamed.json", encodeV1(v1Of("b-original", blob)));
    await write("image.json", imageBytes([blob]));
    await write("dangling.json", encodeV1(v1Of("dangling", describeText("absent"))));
    await write("size.json", encodeV1(v1Of("size", { ...blob, size: 1 })));
    await write("with space.json", "x");
    expect(await brief()).toEqual([
      "error ERR_STORE_MANIFEST_NAME_MISMATCH a-renamed",
      "error ERR_STORE_MANIFEST_BLOB_MISSING dangling",
      "error ERR_STORE_MANIFEST_INVALID h/n/cut:t",
      "error ERR_STORE_MANIFEST_VERSION_UNSUPPORTED h/n/newer:t",
      "error ERR_STORE_NAME_UNFIT h/n/v1:t",
      "error ERR_STORE_NAME_UNFIT image",
      "error ERR_STORE_BLOB_SIZE_MISMATCH size",
      `note ERR_STORE_REF_INVALID ${join(store.root, "manifests", "with space.json")}`,
    ]);
  });

  it("looks through an index at what is present, and calls an empty one broken", async () => {
    const layer = await addBlob(store.blobs, "layer");
    const child = await store.manifests.put(nameOf("h/n/m:t"), imageBytes([layer]));
    const other = describeText("other platform");
    await store.manifests.put(nameOf("h/n/i:t"), indexBytes([child, other]));
    expect(await find()).toEqual([]);
    await store.manifests.unlink(nameOf("h/n/m:t"));
    await rm(dirname(store.layout.paths.blob(layer.digest)), { recursive: true });
    expect(await brief()).toEqual(["error ERR_STORE_MANIFEST_BLOB_MISSING h/n/i:t"]);
    await rm(dirname(store.layout.paths.blob(child.digest)), { recursive: true });
    expect(await brief()).toEqual(["error ERR_STORE_MANIFEST_BLOB_MISSING h/n/i:t"]);
  });

  it("says which paths no file could have", async () => {
    const blob = await addBlob(store.blobs, "weights");
    const layer = { ...blob, annotations: { "org.cncf.model.filepath": "../../etc/passwd" } };
    await store.manifests.put(nameOf("h/n/m:t"), utf8(JSON.stringify({ layers: [layer] })));
    const [finding] = await find();
    expect(finding).toMatchObject({ severity: "error", code: "ERR_STORE_MANIFEST_INVALID" });
    expect(finding?.message).toContain("../../etc/passwd");
  });

  it("notes a manifest that is no blob yet", async () => {
    await write("h/n/m/t", imageBytes([await addBlob(store.blobs, "layer")]));
    expect(await brief()).toEqual(["note ERR_STORE_BLOB_NOT_FOUND h/n/m:t"]);
    await store.manifests.resolve(nameOf("h/n/m:t"));
    expect(await find()).toEqual([]);
  });

  it("ends when the disk fails, which is no fault of a name", async () => {
    await store.manifests.put(nameOf("h/n/m:t"), imageBytes([await addBlob(store.blobs, "l")]));
    const counting = createFaultyFs(quickFs);
    const dry = await store.reopen({ fs: counting });
    await collect(verifyManifests(dry.manifests, dry.blobs));
    const at = counting.calls.findIndex(
      (call) => call.startsWith("open-read ") && call.includes("manifests"),
    );
    const fs = createFaultyFs(quickFs, { kind: "error", at: at + 1, errno: "EIO" });
    const faulty = await store.reopen({ fs });
    const outcome = await collect(verifyManifests(faulty.manifests, faulty.blobs)).catch(
      (error: unknown) => error,
    );
    expect(isStoreError(outcome, "ERR_STORE_IO_FAILED")).toBe(true);
  });

  it("changes nothing", async () => {
    await write("h/n/m/t", imageBytes([await addBlob(store.blobs, "layer")]));
    await chmod(join(store.root, "manifests/h/n/m/t"), 0o444);
    const fs = createFaultyFs(quickFs);
    const watched = await store.reopen({ fs });
    await collect(verifyManifests(watched.manifests, watched.blobs));
    const writes = fs.calls.filter((call) =>
      /^(?:open-create|open-update|write|rename|unlink|mkdir|rmdir|link|chmod) /.test(call),
    );
    expect(writes).toEqual([]);
  });
});
