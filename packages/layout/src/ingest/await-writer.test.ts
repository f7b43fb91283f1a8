import { expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { digestBytes } from "../digest/digester.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";

const content = createContent(100_000, 21);
const target = { digest: digestBytes(content), size: content.length };

it("waits while another writer gets on, and finds the blob there", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const first = await blobs.ingest(target);
  let waits = 0;
  const second = blobs.ingest(target, { stallMs: 60_000, onWait: () => (waits += 1) });
  for (let at = 0; at < content.length; at += 25_000) {
    await first.writeAt(at, content.slice(at, at + 25_000));
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await first.commit();
  const ingest = await second;
  expect(waits).toBe(1);
  expect(ingest.missing()).toEqual([]);
  expect(await ingest.commit()).toMatchObject(target);
});

it("lets one of several begin that ask at the same instant, and the others wait for it", async () => {
  for (let round = 0; round < 5; round += 1) {
    await using temporary = await createTemporaryLayout();
    const blobs = openBlobStore(temporary.layout);
    const waits = [0, 0, 0, 0, 0, 0];
    const asked = waits.map((_, index) =>
      blobs.ingest(target, {
        stallMs: 60_000,
        onWait: () => (waits[index] = (waits[index] ?? 0) + 1),
      }),
    );
    const first = await Promise.race(asked);
    for (let at = 0; at < content.length; at += 25_000) {
      await first.writeAt(at, content.slice(at, at + 25_000));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await first.commit();
    const ingests = await Promise.all(asked);
    expect(Math.max(...waits)).toBe(1);
    for (const ingest of ingests) {
      expect(ingest.missing()).toEqual([]);
      if (ingest !== first) expect(await ingest.commit()).toMatchObject(target);
    }
    expect(
      await temporary.layout.fs.readdir(temporary.layout.paths.blobDirectory(target.digest)),
    ).toSatisfy((names: string[]) => names.toSorted().join(" ") === "chunks data");
  }
});

it("leaves the place to a writer that has more on record", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  {
    await using stopped = await blobs.ingest(target);
    await stopped.writeAt(0, content.slice(0, 40_000));
  }
  const asked = [
    blobs.ingest(target, { stallMs: 60_000 }),
    blobs.ingest(target, { stallMs: 60_000 }),
  ];
  const first = await Promise.race(asked);
  expect(first.missing()).toEqual([{ start: 40_000, end: content.length }]);
  await first.writeAt(40_000, content.slice(40_000));
  await first.commit();
  for (const ingest of await Promise.all(asked)) expect(ingest.missing()).toEqual([]);
});

it("goes on alone with what is on record when the other writer stalls", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const stalled = await blobs.ingest(target);
  await stalled.writeAt(0, content.slice(0, 40_000));
  await stalled.checkpoint();
  const ingest = await blobs.ingest(target, { stallMs: 250 });
  expect(ingest.missing()).toEqual([{ start: 40_000, end: content.length }]);
  await ingest.writeAt(40_000, content.slice(40_000));
  expect(await ingest.commit()).toMatchObject(target);
  // The stalled one wakes up, and is none the worse for it.
  await stalled.writeAt(40_000, content.slice(40_000));
  expect(await stalled.commit()).toMatchObject(target);
});

it("takes over at once when the other writer gives up", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const first = await blobs.ingest(target);
  await first.writeAt(0, content.slice(0, 40_000));
  const second = blobs.ingest(target, { stallMs: 60_000 });
  await first[Symbol.asyncDispose]();
  const ingest = await second;
  expect(ingest.missing()).toEqual([{ start: 40_000, end: content.length }]);
  await ingest.discard();
});

it("stops waiting when the caller aborts, with the caller's reason", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  await using first = await blobs.ingest(target);
  expect(first.size).toBe(content.length);
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 20);
  const waiting = blobs.ingest(target, { stallMs: 60_000, signal: controller.signal });
  await expect(waiting).rejects.toBe(reason);
});
