import { readdir } from "node:fs/promises";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { collectContent, createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";

const content = createContent(5_000, 41);

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
