import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  type ByteSource,
  type Digest,
  openBlobStore,
  openLeaseStore,
  readOrigins,
  verifyBlobs,
} from "@store/layout";
import { collectContent, createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

/** What a program without types may hand in for a digest. */
const unparsed = [
  "sha256:../../../victim",
  `sha256:${"A".repeat(64)}`,
  `sha256:${"a".repeat(64)}/../x`,
  `sha256:${"a".repeat(64)}\n`,
  `sha512:${"a".repeat(128)}`,
  "",
  undefined,
  null,
  5,
  {},
] as unknown as readonly Digest[];

describe("text that nobody parsed is refused, and no path is built from it", () => {
  it.each(unparsed)("%j", async (digest) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const blobs = openBlobStore(layout);
    await blobs.release([(await blobs.add(new Uint8Array(10))).digest]);
    const victims = dirname(temporary.root);
    await mkdir(join(victims, "victim"));
    await writeFile(join(victims, "victim", "data"), "x");
    const before = (await readdir(victims, { recursive: true })).toSorted();
    const leases = openLeaseStore(layout);
    const bytes = new Uint8Array(3);
    const uses: readonly (() => Promise<unknown>)[] = [
      () => blobs.stat(digest),
      () => blobs.locate(digest),
      () => collectContent(blobs.read(digest)),
      () => blobs.put({ digest, size: 3 }, bytes),
      () => blobs.ensureVerified(digest),
      () => blobs.release([digest]),
      () => blobs.retain([digest]),
      () => blobs.trash(digest, "sweep"),
      () => readOrigins(layout, digest),
      () => leases.acquire([digest], { reason: "test" }),
    ];
    for (const use of uses) await expect(use(), String(use)).rejects.toThrow(TypeError);
    if (digest !== undefined)
      await expect(blobs.ingest({ digest, size: 3 })).rejects.toThrow(TypeError);
    for await (const lease of leases.list()) expect.fail(lease.id);
    const after = (await readdir(victims, { recursive: true })).toSorted();
    expect(after.filter((path) => !path.endsWith("leases"))).toEqual(before);
  });
});

it.each([
  "text",
  5,
  null,
  (async function* () {
    yield "text";
  })(),
  (async function* () {
    yield 5;
  })(),
] as unknown as readonly ByteSource[])(
  "a source of something else is refused: %j",
  async (source) => {
    await using temporary = await createTemporaryLayout();
    const blobs = openBlobStore(temporary.layout);
    await expect(blobs.add(source)).rejects.toThrow(TypeError);
    for await (const digest of blobs.list()) expect.fail(digest);
  },
);

it("takes bytes of another realm for what they are", async () => {
  const { runInNewContext } = await import("node:vm");
  await using temporary = await createTemporaryLayout();
  const bytes = runInNewContext("Uint8Array.of(1, 2, 3)") as Uint8Array;
  expect(await openBlobStore(temporary.layout).add(bytes)).toMatchObject({ size: 3 });
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  "a lease of %d milliseconds is refused",
  async (ttlMs) => {
    await using temporary = await createTemporaryLayout();
    const taking = openLeaseStore(temporary.layout).acquire([], { reason: "test", ttlMs });
    await expect(taking).rejects.toThrow(RangeError);
  },
);

it.each([
  [0, 0],
  [5, 5],
  [-1, 5],
  [0, Number.NaN],
  [0.5, 2],
])("a check of part %d of %d, which is none, is refused", async (index, count) => {
  await using temporary = await createTemporaryLayout();
  const checking = (async () => {
    for await (const finding of verifyBlobs(temporary.layout, { sample: { index, count } }))
      void finding;
  })();
  await expect(checking).rejects.toThrow(RangeError);
});

it("a directory outside the root is not made", async () => {
  await using temporary = await createTemporaryLayout();
  const making = temporary.layout.makeDirectory("/elsewhere/entirely");
  await expect(making).rejects.toThrow(TypeError);
});
