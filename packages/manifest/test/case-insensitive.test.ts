/** A file system that ignores case and keeps it, as those of macOS and Windows do. */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import type { FsPort } from "@store/layout";
import { expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { encodeV1, findName, formatName } from "../src/index.ts";
import { quickFs } from "./support/quick-fs.ts";
import {
  addBlob,
  collect,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
  v1Of,
} from "./support/test-store.ts";

/** Looks each part of a path up among what is there, in any case; a new part is taken as it is. */
async function onDisk(path: string): Promise<string> {
  let found: string = sep;
  for (const part of path.split(sep).filter(Boolean)) {
    const there: readonly string[] = await readdir(found).catch(() => []);
    const match =
      there.find((name) => name === part) ??
      there.find((name) => name.toLowerCase() === part.toLowerCase());
    found = join(found, match ?? part);
  }
  return found;
}

const ignoringCase: FsPort = {
  ...quickFs,
  open: async (path, mode, options) => quickFs.open(await onDisk(path), mode, options),
  mkdir: async (path) => quickFs.mkdir(await onDisk(path)),
  rmdir: async (path) => quickFs.rmdir(await onDisk(path)),
  readdir: async (path) => quickFs.readdir(await onDisk(path)),
  entries: async (path) => quickFs.entries(await onDisk(path)),
  lstat: async (path) => quickFs.lstat(await onDisk(path)),
  stat: async (path) => quickFs.stat(await onDisk(path)),
  rename: async (from, to) => quickFs.rename(await onDisk(from), await onDisk(to)),
  link: async (from, to) => quickFs.link(await onDisk(from), await onDisk(to)),
  unlink: async (path) => quickFs.unlink(await onDisk(path)),
};

function open(): Promise<TestStore> {
  return openTestStore({ fs: ignoringCase, platform: "darwin" });
}

async function names(store: TestStore): Promise<readonly string[]> {
  return (await collect(store.manifests.list())).map(({ name }) => formatName(name));
}

describe("on a file system that ignores case", () => {
  it("a flat name keeps its spelling, and another spelling of it is a conflict", async () => {
    await using store = await open();
    const blob = await addBlob(store.blobs, "weights");
    await store.manifests.put(nameOf("Gemma"), encodeV1(v1Of("Gemma", blob)));
    await expectStoreError(
      store.manifests.put(nameOf("gemma"), encodeV1(v1Of("gemma", blob))),
      "ERR_STORE_NAME_CONFLICT",
    );
    await store.manifests.put(nameOf("Gemma"), encodeV1(v1Of("Gemma", blob, { format: "other" })));
    expect(await names(store)).toEqual(["Gemma"]);
    expect(await findName(store.manifests, "gEMMA")).toEqual(nameOf("Gemma"));
  });

  it("a reference keeps its spelling whatever spelling replaces it", async () => {
    await using store = await open();
    const [one, two] = [await addBlob(store.blobs, "1"), await addBlob(store.blobs, "2")];
    await store.manifests.put(nameOf("h/n/m:t"), imageBytes([one]));
    const { digest } = await store.manifests.put(nameOf("H/N/M:T"), imageBytes([two]));
    expect(await names(store)).toEqual(["h/n/m:t"]);
    const entry = await store.manifests.locate(nameOf("H/n/M:t"));
    expect(relative(store.root, entry?.path ?? "")).toBe(join("manifests", "h", "n", "m", "t"));
    expect((await store.manifests.resolve(nameOf("H/N/m:T")))?.digest).toBe(digest);
    expect(await store.manifests.unlink(nameOf("H/N/M:T"))).toBe(true);
    expect(await names(store)).toEqual([]);
  });
});
