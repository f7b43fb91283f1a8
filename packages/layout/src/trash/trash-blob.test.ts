import { readdir, rm } from "node:fs/promises";

import { expect, it } from "vitest";

import { interceptFs } from "../../test/intercept-fs.ts";
import { openBlobStore } from "../blobs/disk-blob-store.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { Layout } from "../root/layout.ts";
import { collectContent, createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";

const content = createContent(5_000, 41);
const DAY_MS = 86_400_000;

it("forgets that a blob was released once it is destroyed", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  await blobs.release([digest]);
  await (await blobs.trash(digest, "sweep"))?.destroy();
  expect(await readdir(layout.paths.released)).toEqual([]);
  expect(await blobs.add(content)).toMatchObject({ digest, released: false });
});

it("keeps the mark of a blob that somebody brought back while it was aside", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const { digest } = await blobs.add(content);
  await blobs.release([digest]);
  const trashed = await blobs.trash(digest, "sweep");
  expect(await blobs.stat(digest)).toMatchObject({ released: true });
  await trashed?.destroy();
  expect(await blobs.stat(digest)).toMatchObject({ digest, released: true });
});

async function listed(layout: Layout): Promise<readonly string[]> {
  const digests: string[] = [];
  for await (const trashed of openBlobStore(layout).listTrash()) digests.push(trashed.digest);
  return digests;
}

it("looks only where a mark is, and at all else once in 64 days", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  for (let seed = 0; seed < 20; seed += 1) await blobs.add(createContent(100, 50 + seed));
  await blobs.trash(digest, "sweep");

  const looked = new Set<string>();
  const watching = interceptFs(nodeFs, async (operation, path) => {
    const blob = /\/sha256\/..\/([0-9a-f]{64})/.exec(path)?.[1];
    if (operation === "readdir" && blob !== undefined) looked.add(`sha256:${blob}`);
  });
  // A day on which it is another fan-out's turn.
  const now = DAY_MS * (1 + Number.parseInt(digest.slice("sha256:".length, -62), 16));
  expect(await listed(await temporary.reopen({ fs: watching, now: () => now }))).toEqual([digest]);
  expect(looked.size).toBeLessThan(5);

  await rm(layout.paths.trashed, { recursive: true });
  let found = 0;
  for (let day = 0; day < 64; day += 1) {
    const other = await temporary.reopen({ now: () => now + day * DAY_MS });
    found += (await listed(other)).length;
  }
  expect(found).toBe(1);
});

it("leaves no mark once the trash is gone", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  await (await blobs.trash(digest, "one"))?.restore();
  expect(await blobs.trash(digest, "two")).toBeDefined();
  expect(await blobs.trash(digest, "three")).toBeUndefined();
  for await (const trashed of blobs.listTrash()) await trashed.destroy();
  expect(await readdir(layout.paths.trashed)).toEqual([]);
});

it("moves a blob aside on a full disk, which a sweep is to help", async () => {
  await using temporary = await createTemporaryLayout();
  const { digest } = await openBlobStore(temporary.layout).add(content);
  const full: FsPort = {
    ...nodeFs,
    open: (path, mode, options) =>
      mode === "create"
        ? Promise.reject(Object.assign(new Error("ENOSPC: open"), { code: "ENOSPC" }))
        : nodeFs.open(path, mode, options),
  };
  const blobs = openBlobStore(await temporary.reopen({ fs: full }));
  await (await blobs.trash(digest, "sweep"))?.destroy();
  expect(await blobs.stat(digest)).toBeUndefined();
});

it("restores, rescues and publishes where there are no hard links", async () => {
  const withoutLinks: FsPort = {
    ...nodeFs,
    link: () => Promise.reject(Object.assign(new Error("EPERM: link"), { code: "EPERM" })),
  };
  await using temporary = await createTemporaryLayout({ fs: withoutLinks });
  const blobs = openBlobStore(temporary.layout);
  const { digest } = await blobs.add(content);
  const restored = await blobs.trash(digest, "one");
  await restored?.restore();
  expect(await collectContent(blobs.read(digest))).toEqual(content);
  const rescued = await blobs.trash(digest, "two");
  expect(await collectContent(blobs.read(digest))).toEqual(content);
  await rescued?.destroy();
  expect(await collectContent(blobs.read(digest))).toEqual(content);
});
