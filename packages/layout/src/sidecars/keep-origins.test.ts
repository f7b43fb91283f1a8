import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { keepOrigins } from "./keep-origins.ts";
import { readOrigins, recordOrigin } from "./origins.ts";

it("remembers where blobs came from that lost their files, and again when they have them back", async () => {
  await using temporary = await createTemporaryLayout({ now: () => 1000 });
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const contents = Array.from({ length: 60 }, (_, index) => createContent(10, index));
  const digests = [];
  for (const content of contents) digests.push((await blobs.add(content)).digest);
  for (const digest of digests.slice(1)) await recordOrigin(layout, digest, { location: digest });
  await keepOrigins(layout, digests.slice(0, 30));
  await keepOrigins(layout, digests);
  for (const digest of digests) await (await blobs.trash(digest, "sweep"))?.destroy();
  const [first, second] = digests;
  expect(await readOrigins(layout, first!)).toEqual([]);
  for (const digest of digests.slice(1)) {
    expect(await readOrigins(layout, digest)).toEqual([{ location: digest, recordedAtMs: 1000 }]);
  }
  await blobs.add(contents[1]!);
  await recordOrigin(layout, second!, { location: "elsewhere" });
  const places = (await readOrigins(layout, second!)).map(({ location }) => location);
  expect(places).toEqual([second, "elsewhere"]);
});

it("learns of further places of a blob without a file, and writes none of them twice", async () => {
  let now = 1000;
  await using temporary = await createTemporaryLayout({ now: () => now });
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  const { digest } = await blobs.add(createContent(10));
  await recordOrigin(layout, digest, { location: "one" });
  await keepOrigins(layout, [digest]);
  await (await blobs.trash(digest, "sweep"))?.destroy();
  await recordOrigin(layout, digest, { location: "two" });
  now = 2000;
  await recordOrigin(layout, digest, { location: "two" });
  expect(await readOrigins(layout, digest)).toEqual([
    { location: "one", recordedAtMs: 1000 },
    { location: "two", recordedAtMs: 1000 },
  ]);
  await recordOrigin(layout, digest, { location: "one" });
  expect((await readOrigins(layout, digest)).map(({ location }) => location)).toEqual([
    "two",
    "one",
  ]);
});

it("keeps the newest of more than a file holds, and replaces one that cannot be read", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const { digest } = await openBlobStore(layout).add(createContent(10));
  const path = layout.paths.keptOrigins(digest);
  await mkdir(dirname(path), { recursive: true });
  const lines = Array.from({ length: 9000 }, (_, index) =>
    JSON.stringify({
      digest: `sha256:${index.toString(16).padStart(64, "0")}`,
      location: "a".repeat(30),
      recordedAtMs: index,
    }),
  );
  await writeFile(path, `not a line\n${lines.join("\n")}\n`);
  await recordOrigin(layout, digest, { location: "here" });
  await keepOrigins(layout, [digest]);
  const kept = (await readFile(path, "utf8")).trim().split("\n");
  expect(kept.length).toBeLessThan(9000);
  expect(kept.join("\n").length).toBeLessThanOrEqual(1024 * 1024);
  expect(kept.at(-2)).toBe(lines.at(-1));
  expect(kept.at(-1)).toContain(digest);

  await rm(path);
  await mkdir(path);
  await keepOrigins(layout, [digest]);
  await rm(path, { recursive: true });
  await writeFile(path, Buffer.alloc(3 * 1024 * 1024, 10));
  await keepOrigins(layout, [digest]);
  expect((await readFile(path, "utf8")).trim().split("\n")).toHaveLength(1);
});

it("follows no link in place of its directory", async () => {
  await using temporary = await createTemporaryLayout();
  await using outside = await createTemporaryLayout();
  const { layout } = temporary;
  const { digest } = await openBlobStore(layout).add(createContent(10));
  await recordOrigin(layout, digest, { location: "here" });
  const path = layout.paths.keptOrigins(digest);
  const elsewhere = outside.layout.paths.root;
  await mkdir(elsewhere, { recursive: true });
  const line = { digest, location: "there", recordedAtMs: 1 };
  await writeFile(join(elsewhere, basename(path)), `${JSON.stringify(line)}\n`);
  await symlink(elsewhere, dirname(path));
  await keepOrigins(layout, [digest]);
  expect(await readdir(elsewhere)).toEqual([basename(path)]);
  await (await openBlobStore(layout).trash(digest, "sweep"))?.destroy();
  expect(await readOrigins(layout, digest)).toEqual([]);
});
