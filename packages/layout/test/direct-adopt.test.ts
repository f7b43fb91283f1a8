import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { digestBytes, type FsPort, openBlobStore } from "@store/layout";
import { createContent, createTemporaryLayout, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createDirectFs, refuseDirect, withoutDirect } from "./direct-fs.ts";

/** Large enough to be written past the page cache, and not a whole number of pages. */
const content = createContent(33 * 1024 * 1024 + 77, 35);
const digest = digestBytes(content);

/** Blocks cannot be shared, so that bytes are written. */
const refusesClones = (fs: FsPort): FsPort => ({
  ...fs,
  copyFile: () => Promise.reject(Object.assign(new Error("ENOTSUP: clone"), { code: "ENOTSUP" })),
});

async function adoptOn(fs: FsPort): Promise<Uint8Array> {
  await using temporary = await createTemporaryLayout({ fs: refusesClones(fs) });
  const given = join(temporary.root, "..", "given.bin");
  await writeFile(given, content);
  await openBlobStore(temporary.layout).adopt(given, { expected: digest });
  return await readFile(temporary.layout.paths.blob(digest));
}

describe("a large file is adopted", () => {
  it("past the page cache, but for what is no whole page", async () => {
    const { fs, counts } = createDirectFs((file, buffer, at) => file.write(buffer, at));
    expect(digestBytes(await adoptOn(fs))).toBe(digest);
    expect(counts.writes).toBeGreaterThan(10);
  });

  it("where a file system refuses the direct writes", async () => {
    const { fs, counts } = createDirectFs(refuseDirect);
    expect(digestBytes(await adoptOn(fs))).toBe(digest);
    expect(counts.writes).toBeGreaterThan(0);
  });

  it("where a file system refuses them from some time on", async () => {
    const { fs, counts } = createDirectFs((file, buffer, at) =>
      counts.writes > 3 ? refuseDirect() : file.write(buffer, at),
    );
    expect(digestBytes(await adoptOn(fs))).toBe(digest);
    expect(counts.writes).toBeLessThan(15);
  });

  it("where a file system refuses to open a file for them", async () => {
    expect(digestBytes(await adoptOn(withoutDirect))).toBe(digest);
  });
});

it("a direct write that fails in any other way fails the adoption", async () => {
  const { fs } = createDirectFs(() =>
    Promise.reject(Object.assign(new Error("EIO: write"), { code: "EIO" })),
  );
  await expectStoreError(adoptOn(fs), "ERR_STORE_IO_FAILED");
});
