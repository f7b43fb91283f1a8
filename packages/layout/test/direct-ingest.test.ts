import { readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

import {
  digestBytes,
  type FsPort,
  type Ingest,
  nodeFs,
  openBlobStore,
  openLayout,
} from "@store/layout";
import { createContent, createTemporaryLayout, expectStoreError } from "@store/layout/testing";
import { expect, it } from "vitest";

import { openReceiveSlots } from "../src/ingest/receive-slots.ts";
import { createDirectFs, refuseDirect, withoutDirect } from "./direct-fs.ts";
import { writeThroughBuffers } from "./through-buffers.ts";

const PAGE = 4096;
const content = createContent(8 * PAGE + 100, 31);
const digest = digestBytes(content);
const whole = { start: 0, end: content.length, pieceBytes: 2 * PAGE };

/** Runs with an ingest of unknown size, on a file system of its own. */
async function withIngest(
  fs: FsPort,
  body: (ingest: Ingest, root: string) => Promise<void>,
): Promise<void> {
  await using temporary = await createTemporaryLayout();
  const layout = await openLayout(temporary.root, { fs });
  await using ingest = await openBlobStore(layout).ingest({ digest });
  await body(ingest, temporary.root);
}

/** The path of the one file of that name below a store. */
async function findFile(root: string, name: string): Promise<string> {
  const found = (await readdir(root, { recursive: true })).filter((path) => path.endsWith(name));
  expect(found).toHaveLength(1);
  return join(root, found[0] ?? "");
}

it("neither records nor reuses a buffer before its write has ended", async () => {
  const slots = openReceiveSlots();
  const slotCount = slots.freeCount;
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const { fs } = createDirectFs(async (file, buffer, position) => {
    begin();
    await ended;
    return file.write(buffer, position);
  });
  await withIngest(fs, async (ingest, root) => {
    const writing = writeThroughBuffers(ingest, content, { ...whole, end: 2 * PAGE });
    await begun;
    await ingest.writeAt(2 * PAGE, content.subarray(2 * PAGE));
    await ingest.checkpoint();
    const journal = await findFile(root, "journal");
    const early = await readFile(journal, "utf8");
    const freeCount = slots.freeCount;
    end();
    await writing;
    expect(early).toMatch(/^8192 32868 /m);
    expect(early).not.toMatch(/^0 /m);
    expect(freeCount).toBe(slotCount - 1);
    await ingest.commit();
    expect(slots.freeCount).toBe(slotCount);
  });
  slots.close();
});

it("writes through the cache where a file system refuses the direct writes", async () => {
  const { fs, counts } = createDirectFs(refuseDirect);
  await withIngest(fs, async (ingest) => {
    await writeThroughBuffers(ingest, content, { ...whole, end: 2 * PAGE });
    await writeThroughBuffers(ingest, content, { ...whole, start: 2 * PAGE });
    expect(await ingest.commit()).toMatchObject({ digest });
    expect(counts.writes).toBe(1);
  });
});

it("writes through the cache where a file system refuses to open a file for them", async () => {
  await withIngest(withoutDirect, async (ingest) => {
    await writeThroughBuffers(ingest, content, whole);
    expect(await ingest.commit()).toMatchObject({ digest });
  });
});

it("is told at the end that its directory was taken away before the first direct write", async () => {
  await withIngest(nodeFs, async (ingest, root) => {
    const directory = join(await findFile(root, "data.tmp"), "..");
    await rename(directory, `${directory.slice(0, -16)}${"0".repeat(16)}`);
    await writeThroughBuffers(ingest, content, whole);
    await expectStoreError(ingest.commit(), "ERR_STORE_INGEST_LOST");
  });
});

it("keeps pages written past the cache and those through it together, as read from the disk", async () => {
  await withIngest(nodeFs, async (ingest, root) => {
    // Into the cache first, the pages around it included.
    await ingest.writeAt(3 * PAGE + 10, content.subarray(3 * PAGE + 10, 3 * PAGE + 20));
    const data = await findFile(root, "data.tmp");
    await readFile(data);
    await writeThroughBuffers(ingest, content, { ...whole, start: 4 * PAGE });
    await readFile(data);
    await writeThroughBuffers(ingest, content, { ...whole, end: 4 * PAGE });
    expect(digestBytes(await readFile(data))).toBe(digest);
    await ingest.checkpoint();
    expect(await ingest.commit()).toMatchObject({ digest });
  });
});
