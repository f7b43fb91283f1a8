import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { BlobStore } from "../blobs/blob-store.ts";
import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { createMemoryBlobStore } from "../blobs/memory-blob-store.ts";
import { type Digest, EMPTY_DIGEST } from "../digest/digest.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { createContent } from "../testing/content.ts";
import { expectStoreError } from "../testing/expect-error.ts";
import { createTemporaryLayout, type TemporaryLayout } from "../testing/temporary-layout.ts";
import { type LinkMode, materialize } from "./materialize.ts";

const content = createContent(3_000, 1);

let temporary: TemporaryLayout;
let blobs: BlobStore;
let digest: Digest;
let target: string;

beforeEach(async () => {
  temporary = await createTemporaryLayout();
  blobs = openBlobStore(temporary.layout);
  ({ digest } = await blobs.add(content));
  target = join(dirname(temporary.root), "out");
});

afterEach(async () => {
  await temporary[Symbol.asyncDispose]();
});

const place = (path: string, modes?: readonly LinkMode[]): ReturnType<typeof materialize> =>
  materialize(blobs, [{ digest, path }], target, modes === undefined ? {} : { modes });

async function expectContent(path: string): Promise<void> {
  expect(Buffer.compare(await readFile(path), content)).toBe(0);
}

describe("a way", () => {
  it("of copying makes a file of its own that may be written to", async () => {
    expect(await place("a/b.gguf", ["copy"])).toEqual([
      { digest, path: "a/b.gguf", target: join(target, "a", "b.gguf"), mode: "copy" },
    ]);
    await expectContent(join(target, "a", "b.gguf"));
    const { mode, nlink } = await stat(join(target, "a", "b.gguf"));
    expect(mode & 0o200).toBe(0o200);
    expect(nlink).toBe(1);
  });

  it("of hard links makes another name of the blob's own file", async () => {
    expect(await place("b", ["hardlink"])).toMatchObject([{ mode: "hardlink" }]);
    const blob = await stat(temporary.layout.paths.blob(digest));
    expect(await stat(join(target, "b"))).toMatchObject({ ino: blob.ino, nlink: 2 });
  });

  it("of symlinks points to the blob's file", async () => {
    expect(await place("b", ["symlink"])).toMatchObject([{ mode: "symlink" }]);
    expect(await readlink(join(target, "b"))).toBe(temporary.layout.paths.blob(digest));
    await expectContent(join(target, "b"));
  });

  it("that the file system refuses gives way to the next one", async () => {
    const denied = (): Promise<never> =>
      Promise.reject(Object.assign(new Error("EXDEV"), { code: "EXDEV" }));
    const fs: FsPort = { ...nodeFs, link: denied, copyFile: denied };
    const entries = [{ digest, path: "b" }];
    expect(await materialize(blobs, entries, target, { fs })).toMatchObject([{ mode: "copy" }]);
    await expectStoreError(
      materialize(blobs, [{ digest, path: "c" }], target, { fs, modes: ["reflink", "hardlink"] }),
      "ERR_STORE_LINK_UNSUPPORTED",
    );
    expect(await readdir(target)).toEqual(["b"]);
  });

  it("of copying is the only one for a blob without a file", async () => {
    const memory = createMemoryBlobStore();
    await memory.add(content);
    const entries = [{ digest, path: "b" }];
    expect(await materialize(memory, entries, target)).toMatchObject([{ mode: "copy" }]);
    await expectContent(join(target, "b"));
  });
});

describe("what is there already", () => {
  it.each(["copy", "hardlink", "symlink"] as const)(
    "is kept where it is the right file, by %s",
    async (mode) => {
      await place("b", [mode]);
      const before = await stat(join(target, "b"));
      expect(await place("b", [mode])).toMatchObject([{ mode: "kept" }]);
      expect((await stat(join(target, "b"))).ino).toBe(before.ino);
    },
  );

  it.each([
    ["of another size", createContent(10, 2)],
    ["of the same size", createContent(3_000, 3)],
    ["that is empty", new Uint8Array()],
  ])("is a conflict and stays where it is a file %s", async (_what, other) => {
    await mkdir(target);
    await writeFile(join(target, "b"), other);
    await expectStoreError(place("b"), "ERR_STORE_TARGET_TAKEN");
    expect(Buffer.compare(await readFile(join(target, "b")), other)).toBe(0);
    expect(await readdir(target)).toEqual(["b"]);
  });

  it("is a conflict where it is a directory, or a link to nothing", async () => {
    await mkdir(join(target, "b"), { recursive: true });
    await symlink("nowhere", join(target, "c"));
    await expectStoreError(place("b"), "ERR_STORE_TARGET_TAKEN");
    await expectStoreError(place("c"), "ERR_STORE_TARGET_TAKEN");
  });
});

describe("a path", () => {
  it.each([
    "../x",
    "a/../../x",
    "a/../b",
    "..",
    "a/..",
    "",
    ".",
    "./",
    "./x",
    "a//b",
    "a/",
    "/",
    "/etc/x",
    "//host/x",
    "..\\x",
    "a\\..\\x",
    "\\x",
    "C:\\x",
    "C:x",
    "c:/x",
    "a\0b",
  ])(
    "that leaves its directory or names none is refused before anything is made: %j",
    async (path) => {
      const good = { digest, path: "good" };
      await expectStoreError(
        materialize(blobs, [good, { digest, path }], target),
        "ERR_STORE_PATH_UNUSABLE",
      );
      await expect(readdir(target)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );

  it.each(["..foo", "...", "a/..b/c..", ".hidden", "-rf", "a b", "%2e%2e", "日本"])(
    "that only looks dangerous is one like any other: %j",
    async (path) => {
      expect(await place(path)).toMatchObject([{ target: join(target, path) }]);
      await expectContent(join(target, path));
    },
  );

  it("that leads through a link is refused, and nothing appears behind it", async () => {
    const outside = join(dirname(temporary.root), "outside");
    await mkdir(outside);
    await mkdir(target);
    await symlink(outside, join(target, "a"));
    await expectStoreError(place("a/b"), "ERR_STORE_NOT_A_DIRECTORY");
    expect(await readdir(outside)).toEqual([]);
  });

  it("that leads through a file is refused, and the file stays", async () => {
    await mkdir(target);
    await writeFile(join(target, "a"), "mine");
    await expectStoreError(place("a/b"), "ERR_STORE_NOT_A_DIRECTORY");
    expect(await readFile(join(target, "a"), "utf8")).toBe("mine");
  });
});

it("says which blob is missing", async () => {
  const entries = [{ digest: EMPTY_DIGEST, path: "b" }];
  await expectStoreError(materialize(blobs, entries, target), "ERR_STORE_BLOB_NOT_FOUND");
});

it("stops when the caller aborts, with the caller's reason", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(materialize(blobs, [{ digest, path: "b" }], target, { signal })).rejects.toBe(
    reason,
  );
});
