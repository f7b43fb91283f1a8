import { utimes } from "node:fs/promises";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";

const NOW = 1_700_000_000;

// FAT keeps even seconds, others whole ones or nanoseconds.
it.each([
  ["in the same instant", 0, true],
  ["two seconds before", -2, true],
  ["a year before", -31_536_000, true],
  ["two seconds after", 2, false],
  ["in the future", 100_000_000_000 - NOW, true],
])("vouches for bytes that were written to %s: %i s, %s", async (_when, seconds, expected) => {
  await using temporary = await createTemporaryLayout();
  const { paths } = temporary.layout;
  const blobs = openBlobStore(temporary.layout);
  const { digest } = await blobs.add(createContent(100, 70));
  await utimes(paths.chunks(digest), NOW, NOW);
  await utimes(paths.blob(digest), NOW + seconds, NOW + seconds);
  expect(await blobs.stat(digest)).toMatchObject({ verified: expected });
});
