import { chmod, copyFile, open, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import type { Digest } from "../digest/digest.ts";
import type { Finding } from "../finding.ts";
import { PUMP_BYTES_MIN } from "../hashing/hash-file.ts";
import type { Layout } from "../root/layout.ts";
import { CHUNK_BYTES } from "../sidecars/chunk-map.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { verifyBlobs, type VerifyOptions } from "./verify-blobs.ts";

async function findings(layout: Layout, options?: VerifyOptions): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for await (const finding of verifyBlobs(layout, options)) all.push(finding);
  return all;
}

async function addSome(layout: Layout, count: number, size = 1000): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for (let index = 0; index < count; index += 1) {
    digests.push((await openBlobStore(layout).add(createContent(size, index + 1))).digest);
  }
  return digests;
}

async function flip(layout: Layout, digest: Digest, offset: number): Promise<void> {
  await chmod(layout.paths.blob(digest), 0o644);
  const file = await open(layout.paths.blob(digest), "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, offset);
  await file.close();
}

it.each(["full", "fast"] as const)(
  "finds one flipped bit and says in which chunk it is (%s)",
  async (mode) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const [digest] = await addSome(layout, 1, 2 * CHUNK_BYTES + 10);
    if (digest === undefined) return expect.fail("nothing added");
    expect(await findings(layout, { mode })).toEqual([]);
    await flip(layout, digest, CHUNK_BYTES + 5);
    expect(await findings(layout, { mode })).toMatchObject([
      {
        severity: "error",
        code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
        subject: digest,
        detail: { chunks: [1], chunkBytes: CHUNK_BYTES },
      },
    ]);
  },
);

it.each(["full", "fast"] as const)(
  "finds a truncation, an extension and a swap (%s)",
  async (mode) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const [cut, longer, swapped] = await addSome(layout, 3);
    if (cut === undefined || longer === undefined || swapped === undefined) return expect.fail();
    for (const digest of [cut, longer, swapped]) await chmod(layout.paths.blob(digest), 0o644);
    await truncate(layout.paths.blob(cut), 999);
    await writeFile(layout.paths.blob(longer), "x", { flag: "a" });
    await writeFile(layout.paths.blob(swapped), createContent(1000, 99));
    const subjects = (await findings(layout, { mode })).map(({ subject }) => subject);
    expect(subjects).toEqual([cut, longer, swapped].toSorted());
  },
);

it("finds a flipped bit and a truncation in a blob that is not in the page cache", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const source = join(dirname(layout.paths.root), "source");
  await writeFile(source, createContent(PUMP_BYTES_MIN + 10));
  // A large copy is written past the page cache where the file system allows it.
  const { digest } = await openBlobStore(layout).adopt(source);
  expect(await findings(layout)).toEqual([]);
  await flip(layout, digest, 2 * CHUNK_BYTES);
  const last = PUMP_BYTES_MIN / CHUNK_BYTES;
  for (const mode of ["full", "fast"] as const) {
    expect(await findings(layout, { mode })).toMatchObject([{ detail: { chunks: [2] } }]);
  }
  await truncate(layout.paths.blob(digest), PUMP_BYTES_MIN);
  for (const mode of ["full", "fast"] as const) {
    expect(await findings(layout, { mode })).toMatchObject([{ detail: { chunks: [2, last] } }]);
  }
});

it("hashes what has no chunk map even when asked to be fast", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const [digest] = await addSome(layout, 1);
  if (digest === undefined) return expect.fail("nothing added");
  await writeFile(layout.paths.chunks(digest), "not a map");
  await flip(layout, digest, 3);
  expect(await findings(layout, { mode: "fast" })).toHaveLength(1);
});

it("hashes what was written to since its chunk map was, even when asked to be fast", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const { paths } = layout;
  const [digest, other] = await addSome(layout, 2);
  if (digest === undefined || other === undefined) return expect.fail("nothing added");
  // Bytes and sums that fit each other, as a copy of the wrong directory leaves them.
  await chmod(paths.blob(digest), 0o644);
  await copyFile(paths.blob(other), paths.blob(digest));
  await copyFile(paths.chunks(other), paths.chunks(digest));
  await utimes(paths.chunks(digest), 1e9, 1e9);
  expect(await findings(layout, { mode: "fast" })).toMatchObject([
    { code: "ERR_STORE_BLOB_DIGEST_MISMATCH", subject: digest },
  ]);
});

it("changes nothing", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const [digest] = await addSome(layout, 1);
  if (digest === undefined) return expect.fail("nothing added");
  await flip(layout, digest, 3);
  const readOnly = await temporary.reopen({ readOnly: true });
  expect(await findings(readOnly)).toHaveLength(1);
  expect(await findings(readOnly)).toHaveLength(1);
});

it("checks every blob in exactly one part of a sample", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const digests = await addSome(layout, 40);
  for (const digest of digests) await flip(layout, digest, 0);
  const seen: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    const part = await findings(layout, { sample: { index, count: 3 } });
    expect(part.length).toBeLessThan(40);
    seen.push(...part.map(({ subject }) => subject));
  }
  expect(seen.toSorted()).toEqual(digests.toSorted());
});

it("stops when its time is up", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  for (const digest of await addSome(layout, 3)) await flip(layout, digest, 0);
  expect(await findings(layout, { budgetMs: -1 })).toEqual([]);
});

it("passes on the caller's abort, with its reason", async () => {
  await using temporary = await createTemporaryLayout();
  await addSome(temporary.layout, 3);
  const reason = new Error("enough");
  await expect(findings(temporary.layout, { signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});
