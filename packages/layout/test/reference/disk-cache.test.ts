import { chmod, mkdir, readdir, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { isAbsolute, normalize } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  type BlobStore,
  type Digest,
  digestBytes,
  EMPTY_DIGEST,
  type FsPort,
  nodeFs,
  openBlobStore,
  openLayout,
  parseDigest,
} from "@store/layout";
import {
  collectContent,
  createTemporaryLayout,
  expectStoreError,
  type TemporaryLayout,
} from "@store/layout/testing";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const hello = bytesOf("hello, world");
const d = digestBytes(hello);

let temporary: TemporaryLayout;
let blobs: BlobStore;

beforeEach(async () => {
  temporary = await createTemporaryLayout();
  blobs = openBlobStore(temporary.layout);
});

afterEach(async () => {
  await temporary[Symbol.asyncDispose]();
});

const put = (digest: Digest, text: string, size = text.length): Promise<unknown> =>
  blobs.put({ digest, size }, bytesOf(text));

async function expectAbsent(digest: Digest): Promise<void> {
  expect(await blobs.stat(digest)).toBeUndefined();
  await expectStoreError(collectContent(blobs.read(digest)), "ERR_STORE_BLOB_NOT_FOUND");
}

async function expectPresent(digest: Digest, text: string): Promise<void> {
  expect(Buffer.from(await collectContent(blobs.read(digest))).toString()).toBe(text);
}

describe("Open", () => {
  it("DC-01 opens a directory that exists", async () => {
    await mkdir(temporary.root);
    expect((await openLayout(temporary.root)).readOnly).toBeUndefined();
  });

  it("DC-02 refuses an empty name, and says so", async () => {
    const error = await expectStoreError(openLayout(""), "ERR_STORE_NOT_A_DIRECTORY");
    expect(error.message).toContain("empty directory name");
  });

  it("DC-03 refuses a regular file, and says so", async () => {
    await writeFile(temporary.root, "x");
    const error = await expectStoreError(openLayout(temporary.root), "ERR_STORE_NOT_A_DIRECTORY");
    expect(error.message).toContain("not a directory");
  });

  it("DC-04 gives absolute and clean paths below a relative root, and looks at nothing", async () => {
    const { paths } = await openLayout(".");
    expect(isAbsolute(paths.blob(d))).toBe(true);
    expect(normalize(paths.blob(d))).toBe(paths.blob(d));
    expect(paths.blob(d).startsWith(process.cwd())).toBe(true);
  });
});

describe("Get and Put", () => {
  it("DC-08 deviation: an absent blob is undefined when asked for and an error when read; there is no zero digest to ask for", async () => {
    await expectAbsent(d);
    expect(() => parseDigest("")).toThrow("not a digest");
  });

  it("DC-09 refuses other bytes of the same size", async () => {
    await expectStoreError(put(digestBytes(bytesOf("x")), "!"), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    await expectAbsent(digestBytes(bytesOf("x")));
  });

  it("DC-10 says the size of what it took, and when", async () => {
    const info = await blobs.put({ digest: digestBytes(bytesOf("x")), size: 1 }, bytesOf("x"));
    const { mtimeMs } = await stat(temporary.layout.paths.blob(info.digest));
    expect(info).toMatchObject({ size: 1, addedAtMs: mtimeMs });
  });

  it("DC-11 keeps the time of a blob that is put again an hour later", async () => {
    await put(d, "hello, world");
    const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
    await utimes(temporary.layout.paths.blob(d), anHourAgo, anHourAgo);
    await put(d, "hello, world");
    expect(await blobs.stat(d)).toMatchObject({ addedAtMs: anHourAgo * 1000 });
  });

  it("DC-14 refuses fewer bytes under a digest, and holds nothing", async () => {
    await expectStoreError(put(d, "hello"), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    await expectAbsent(d);
  });

  it("DC-15 deviation: a wrong put leaves the valid blob, because one bad source must not take what is good", async () => {
    await put(d, "hello, world");
    await put(d, "hello");
    await expectPresent(d, "hello, world");
  });

  it("DC-16 passes on the error of a reader, and holds nothing", async () => {
    const failure = new Error("the reader broke");
    const broken = (async function* (): AsyncGenerator<Uint8Array> {
      yield bytesOf("");
      throw failure;
    })();
    await expect(blobs.put({ digest: d, size: 1 }, broken)).rejects.toBe(failure);
    await expectAbsent(d);
  });

  it("DC-16 deviation: a reader that would fail is not read where the valid blob is there", async () => {
    await put(d, "hello, world");
    const broken = (async function* (): AsyncGenerator<Uint8Array> {
      yield bytesOf("");
      throw new Error("the reader broke");
    })();
    await blobs.put({ digest: d, size: 12 }, broken);
    await expectPresent(d, "hello, world");
  });

  it("DC-17 refuses right bytes of a wrong size", async () => {
    await expectStoreError(put(d, "hello, world", 11), "ERR_STORE_BLOB_SOURCE_TOO_LONG");
    await expectAbsent(d);
  });

  it("DC-18 refuses one byte too many", async () => {
    await expectStoreError(put(d, "hello, world$", 12), "ERR_STORE_BLOB_SOURCE_TOO_LONG");
    await expectStoreError(put(d, "hello, world$"), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    await expectAbsent(d);
  });

  it("DC-19 holds nothing when the file cannot be written to any more", async () => {
    const fs: FsPort = {
      ...nodeFs,
      async open(path, mode, options) {
        const file = await nodeFs.open(path, mode, options);
        if (mode !== "create" || !path.includes(".incoming-")) return file;
        const denied = Object.assign(new Error("EPERM: write"), { code: "EPERM" });
        return { ...file, write: () => Promise.reject(denied) };
      },
    };
    blobs = openBlobStore(await temporary.reopen({ fs }));
    await expectStoreError(put(d, "hello, world"), "ERR_STORE_NO_PERMISSION");
    await expectAbsent(d);
  });

  it("DC-20 names bytes of unknown identity, twice the same", async () => {
    const first = await blobs.add(bytesOf("x"), { size: 1 });
    const second = await blobs.add(bytesOf("x"), { size: 1 });
    expect(first).toMatchObject({ digest: digestBytes(bytesOf("x")), size: 1 });
    expect(second).toMatchObject({ digest: first.digest, size: 1 });
  });

  it("DC-21 deviation: a blob cut to nothing is damage, not absence, and the next put heals it", async () => {
    await put(d, "hello, world");
    await chmod(temporary.layout.paths.blob(d), 0o644);
    await truncate(temporary.layout.paths.blob(d), 0);
    await expectStoreError(blobs.stat(d), "ERR_STORE_BLOB_SIZE_MISMATCH");
    await put(d, "hello, world");
    await expectPresent(d, "hello, world");
    expect((await readdir(temporary.layout.paths.quarantine)).length).toBeGreaterThan(0);
  });

  it("DC-22 deviation: size 0 under a digest that is not the empty one's is an error, because a success that holds nothing is a lie", async () => {
    await expectStoreError(put(d, "x", 0), "ERR_STORE_BLOB_SIZE_MISMATCH");
    await expectAbsent(d);
  });

  it("DC-22 deviation: the empty blob itself is held like any other", async () => {
    await put(EMPTY_DIGEST, "");
    await expectPresent(EMPTY_DIGEST, "");
  });
});

describe("ParseDigest", () => {
  const hex = "0123456789abcdef".repeat(4);

  it("DC-34 reads both separators", () => {
    expect(parseDigest(`sha256:${hex}`)).toBe(`sha256:${hex}`);
    expect(parseDigest(`sha256-${hex}`)).toBe(`sha256:${hex}`);
  });

  it.each([
    "",
    "sha256:",
    "sha256-",
    "sha256:xyz",
    `sha255:${hex}`,
    `sha256:${hex.slice(2)}`,
    `sha256:${hex}00`,
    `sha256!${hex}`,
    hex,
  ])("DC-34 refuses %j", (text) => {
    expect(() => parseDigest(text)).toThrow("not a digest");
  });
});
