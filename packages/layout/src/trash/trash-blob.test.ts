import { readdir } from "node:fs/promises";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { digestHex } from "../digest/digest.ts";
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

it("leaves no mark once the trash is gone", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  await (await blobs.trash(digest, "one"))?.restore();
  expect(await blobs.trash(digest, "two")).toBeDefined();
  expect(await blobs.trash(digest, "three")).toBeUndefined();
  for await (const trashed of blobs.listTrash()) await trashed.destroy();
  expect(await readdir(layout.paths.trashed)).toEqual([
    expect.stringMatching(/^boot-[0-9a-f]{16}$/),
  ]);
});

it("keeps the mark of what an earlier attempt of the same sweep moved aside", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  await blobs.trash(digest, "sweep");
  expect(await blobs.trash(digest, "sweep")).toBeUndefined();
  expect(await readdir(layout.paths.trashed)).toContain(`${digestHex(digest)}.sweep`);
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
