import { chmod, readdir, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { openBlobStore } from "./disk-blob-store.ts";
import { recheckBlob } from "./recheck-blob.ts";

const content = createContent(3_000, 51);

it("moves wrong bytes to quarantine although they were hashed when they were right", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  await chmod(layout.paths.blob(digest), 0o644);
  await writeFile(layout.paths.blob(digest), content.slice().fill(0, 5, 6));
  expect(await recheckBlob(layout, digest)).toBe(false);
  expect(await blobs.stat(digest)).toBeUndefined();
  expect(await readdir(layout.paths.quarantine)).toHaveLength(2);
  expect(await blobs.put({ digest, size: content.length }, content)).toMatchObject({ digest });
  expect(await recheckBlob(layout, digest)).toBe(true);
});

it("leaves right bytes where they are, and answers for what is not there", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(content);
  expect(await recheckBlob(layout, digest)).toBe(true);
  expect(await blobs.stat(digest)).toMatchObject({ verified: true });
  await (await blobs.trash(digest, "sweep"))?.destroy();
  expect(await recheckBlob(layout, digest)).toBe(false);
});
