import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { type BlobStore, digestBytes, nodeFs, openBlobStore, openLayout } from "@store/layout";
import {
  createContent,
  createFaultyFs,
  createTemporaryLayout,
  expectStoreError,
  streamContent,
} from "@store/layout/testing";

import { writeThroughBuffers } from "../through-buffers.ts";
import { leftovers, listTree } from "./check-store.ts";

const content = createContent(70_000, 120);
const descriptor = { digest: digestBytes(content), size: content.length };

const ways: Readonly<Record<string, (blobs: BlobStore, given: string) => Promise<unknown>>> = {
  put: (blobs) => blobs.put(descriptor, streamContent(content, 30_000)),
  add: (blobs) => blobs.add(content),
  adopt: (blobs, given) => blobs.adopt(given),
  async ingest(blobs) {
    await using ingest = await blobs.ingest(descriptor);
    await ingest.writeAt(0, content);
    await ingest.commit();
  },
  async "ingest through buffers"(blobs) {
    await using ingest = await blobs.ingest({ digest: descriptor.digest });
    const range = { start: 0, end: content.length, pieceBytes: 16_384 };
    await writeThroughBuffers(ingest, content, range);
    await ingest.commit();
  },
};

it.each(Object.entries(ways))(
  "a disk that loses the end of a write without a word gets nothing published by %s",
  async (_name, write) => {
    await using temporary = await createTemporaryLayout();
    const { layout, root } = temporary;
    const given = join(root, "..", "given.bin");
    await writeFile(given, content);
    await layout.makeDirectory(layout.paths.blobs);

    const counting = createFaultyFs(nodeFs);
    await using other = await createTemporaryLayout();
    await other.layout.makeDirectory(other.layout.paths.blobs);
    await write(openBlobStore(await openLayout(other.root, { fs: counting })), given);
    const at = 1 + counting.calls.findLastIndex((call) => /^write .*\/(data|\d+)\.tmp$/.test(call));
    expect(at).toBeGreaterThan(0);

    const fs = createFaultyFs(nodeFs, { kind: "lying-write", at });
    const writing = write(openBlobStore(await openLayout(root, { fs })), given);
    await expectStoreError(writing, "ERR_STORE_IO_FAILED");
    expect(fs.struck).toBe(true);
    expect(fs.openFiles).toBe(0);
    expect(await leftovers(layout)).toEqual([]);
    expect((await listTree(layout.paths.sha256)).filter((path) => path.endsWith("data"))).toEqual(
      [],
    );
    // The next attempt, on a sound disk, needs no manual step.
    await write(openBlobStore(layout), given);
    expect(await openBlobStore(layout).ensureVerified(descriptor.digest)).toMatchObject(descriptor);
  },
);
