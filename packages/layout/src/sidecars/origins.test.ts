import { writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { readOrigins, recordOrigin } from "./origins.ts";

it("remembers where a blob came from, each place once, newest last", async () => {
  let now = 1000;
  await using temporary = await createTemporaryLayout({ now: () => now });
  const { layout } = temporary;
  const { digest } = await openBlobStore(layout).add(createContent(100));
  expect(await readOrigins(layout, digest)).toEqual([]);
  await recordOrigin(layout, digest, {
    location: "hf.co/org/one",
    revision: "abc",
    path: "x.gguf",
  });
  await recordOrigin(layout, digest, { location: "hf.co/org/two" });
  now = 2000;
  await recordOrigin(layout, digest, {
    location: "hf.co/org/one",
    revision: "abc",
    path: "x.gguf",
  });
  expect(await readOrigins(layout, digest)).toEqual([
    { location: "hf.co/org/two", recordedAtMs: 1000 },
    { location: "hf.co/org/one", revision: "abc", path: "x.gguf", recordedAtMs: 2000 },
  ]);
});

it("keeps the newest of very many places", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const { digest } = await openBlobStore(layout).add(createContent(100));
  for (let index = 0; index < 40; index += 1) {
    await recordOrigin(layout, digest, { location: `https://example.test/${index}` });
  }
  const origins = await readOrigins(layout, digest);
  expect(origins).toHaveLength(32);
  expect(origins.at(-1)?.location).toBe("https://example.test/39");
});

it("passes over lines it cannot read", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const { digest } = await openBlobStore(layout).add(createContent(100));
  await recordOrigin(layout, digest, { location: "a" });
  await writeFile(
    layout.paths.origins(digest),
    '{"location":"b","recordedAtMs":1}\nnot json\n[1]\n{"loc',
  );
  expect(await readOrigins(layout, digest)).toEqual([{ location: "b", recordedAtMs: 1 }]);
});
