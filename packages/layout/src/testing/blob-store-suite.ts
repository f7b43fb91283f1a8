import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect } from "vitest";

import type { BlobStore } from "../blobs/blob-store.ts";
import { EMPTY_DIGEST } from "../digest/digest.ts";
import { digestBytes } from "../digest/digester.ts";
import { blobReaderSuite } from "./blob-reader-suite.ts";
import { collectContent, createContent, streamContent } from "./content.ts";
import { expectStoreError } from "./expect-error.ts";
import { itUnless, type SkippedTest } from "./skipping.ts";

export interface BlobStoreSuiteOptions {
  readonly name: string;
  /** An empty store, its own for every call. */
  create(): Promise<BlobStore>;
  readonly skip?: readonly SkippedTest[];
}

/** Behaviour every {@link BlobStore} has; includes {@link blobReaderSuite}. */
export function blobStoreSuite(options: BlobStoreSuiteOptions): void {
  const it = itUnless(options.skip);
  const { create } = options;
  const content = createContent(200_000, 5);
  const digest = digestBytes(content);
  const expected = { digest, size: content.length };

  blobReaderSuite({
    name: options.name,
    skip: options.skip ?? [],
    async create(contents) {
      const store = await create();
      for (const bytes of contents) await store.add(bytes);
      return store;
    },
  });

  describe(`${options.name} as a blob store`, () => {
    it("takes bytes of known identity, whole or as a stream", async () => {
      const store = await create();
      expect(await store.put(expected, streamContent(content))).toMatchObject(expected);
      expect(await collectContent(store.read(digest))).toEqual(content);
      const other = createContent(10, 6);
      expect(await store.put({ digest: digestBytes(other), size: 10 }, other)).toMatchObject({
        verified: true,
        size: 10,
      });
    });

    it("does not read the source of a blob it holds", async () => {
      const store = await create();
      await store.put(expected, content);
      let asked = false;
      const source = (async function* () {
        asked = true;
        yield content;
      })();
      await store.put(expected, source);
      expect(asked).toBe(false);
    });

    it("refuses bytes of another identity, and holds nothing afterwards", async () => {
      const store = await create();
      const wrong = createContent(content.length, 7);
      await expectStoreError(store.put(expected, wrong), "ERR_STORE_BLOB_DIGEST_MISMATCH");
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.stat(digestBytes(wrong))).toBeUndefined();
    });

    it("refuses a source that is too short", async () => {
      const store = await create();
      await expectStoreError(store.put(expected, content.slice(1)), "ERR_STORE_BLOB_SIZE_MISMATCH");
      expect(await store.stat(digest)).toBeUndefined();
    });

    it("refuses a source that is too long before taking the rest", async () => {
      const store = await create();
      let chunks = 0;
      const endless = (async function* () {
        for (;;) {
          chunks += 1;
          yield content;
        }
      })();
      await expectStoreError(store.put(expected, endless), "ERR_STORE_BLOB_SOURCE_TOO_LONG");
      expect(chunks).toBeLessThanOrEqual(2);
      expect(await store.stat(digest)).toBeUndefined();
    });

    it("refuses a size that the empty digest cannot have, and the reverse", async () => {
      const store = await create();
      await expectStoreError(
        store.put({ digest: EMPTY_DIGEST, size: 1 }, new Uint8Array(1)),
        "ERR_STORE_BLOB_SIZE_MISMATCH",
        "ERR_STORE_BLOB_DIGEST_MISMATCH",
      );
      await expectStoreError(
        store.put({ digest, size: 0 }, new Uint8Array()),
        "ERR_STORE_BLOB_SIZE_MISMATCH",
        "ERR_STORE_BLOB_DIGEST_MISMATCH",
      );
    });

    it("passes on the error of a source, and holds nothing afterwards", async () => {
      const store = await create();
      const failure = new Error("the source broke");
      const broken = (async function* () {
        yield content.slice(0, 10);
        throw failure;
      })();
      await expect(store.put(expected, broken)).rejects.toBe(failure);
      expect(await store.stat(digest)).toBeUndefined();
    });

    it("names bytes of unknown identity", async () => {
      const store = await create();
      expect(await store.add(streamContent(content))).toMatchObject(expected);
      expect(await store.add(content)).toMatchObject(expected);
      expect(await store.add(new Uint8Array())).toMatchObject({ digest: EMPTY_DIGEST, size: 0 });
    });

    it("refuses an addition of another size than announced", async () => {
      const store = await create();
      await expectStoreError(store.add(content, { size: 3 }), "ERR_STORE_BLOB_SOURCE_TOO_LONG");
      await expectStoreError(
        store.add(content, { size: content.length + 1 }),
        "ERR_STORE_BLOB_SIZE_MISMATCH",
      );
    });

    it("keeps one copy of what many add at once", async () => {
      const store = await create();
      const infos = await Promise.all(Array.from({ length: 12 }, () => store.add(content)));
      expect(new Set(infos.map((info) => info.digest))).toEqual(new Set([digest]));
      const listed: string[] = [];
      for await (const one of store.list()) listed.push(one);
      expect(listed).toEqual([digest]);
    });

    it("keeps the time a blob was added when it is put again", async () => {
      const store = await create();
      const first = await store.put(expected, content);
      const second = await store.put(expected, content);
      expect(second.addedAtMs).toBe(first.addedAtMs);
    });

    it("adopts a file and leaves the file as it was", async () => {
      const store = await create();
      const directory = await mkdtemp(join(tmpdir(), "store-adopt-"));
      try {
        const path = join(directory, "model.gguf");
        await writeFile(path, content);
        expect(await store.adopt(path)).toMatchObject(expected);
        expect(await collectContent(store.read(digest))).toEqual(content);
        await expectStoreError(
          store.adopt(path, { expected: EMPTY_DIGEST }),
          "ERR_STORE_BLOB_DIGEST_MISMATCH",
        );
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    it("stops a put when the caller aborts, with the caller's reason", async () => {
      const store = await create();
      const controller = new AbortController();
      const reason = new Error("enough");
      const source = (async function* () {
        yield content.slice(0, 100);
        controller.abort(reason);
        yield content.slice(100);
      })();
      const putting = store.put(expected, source, { signal: controller.signal });
      await expect(putting).rejects.toBe(reason);
      expect(await store.stat(digest)).toBeUndefined();
    });

    it("remembers which blobs were released, until they are retained", async () => {
      const store = await create();
      await store.put(expected, content);
      await store.release([digest]);
      expect((await store.stat(digest))?.released).toBe(true);
      await store.retain([digest, EMPTY_DIGEST]);
      expect((await store.stat(digest))?.released).toBe(false);
    });

    it("verifies what it holds, and answers undefined for what it does not", async () => {
      const store = await create();
      await store.put(expected, content);
      expect(await store.ensureVerified(digest)).toMatchObject({ ...expected, verified: true });
      expect(await store.ensureVerified(EMPTY_DIGEST)).toBeUndefined();
    });

    it("destroys a blob in two steps", async () => {
      const store = await create();
      await store.put(expected, content);
      const trashed = await store.trash(digest, "sweep1");
      expect(trashed).toMatchObject(expected);
      expect(await trashed?.destroy()).toBe(true);
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.trash(digest, "sweep2")).toBeUndefined();
    });

    it("restores a blob between the two steps", async () => {
      const store = await create();
      await store.put(expected, content);
      const trashed = await store.trash(digest, "sweep1");
      await trashed?.restore();
      await trashed?.restore();
      expect(await collectContent(store.read(digest))).toEqual(content);
    });

    it("finds a blob that a sweep has only moved aside, and keeps it when the sweep goes on", async () => {
      const store = await create();
      await store.put(expected, content);
      const trashed = await store.trash(digest, "sweep1");
      expect(await store.stat(digest)).toMatchObject(expected);
      expect(await trashed?.destroy()).toBe(false);
      expect(await collectContent(store.read(digest))).toEqual(content);
    });

    it("takes a blob back while a sweep has it aside", async () => {
      const store = await create();
      await store.put(expected, content);
      const trashed = await store.trash(digest, "sweep1");
      await store.put(expected, content);
      await trashed?.destroy();
      expect(await collectContent(store.read(digest))).toEqual(content);
    });

    it("lists what an ended sweep left aside", async () => {
      const store = await create();
      await store.put(expected, content);
      await store.trash(digest, "sweep1");
      const left = [];
      for await (const trashed of store.listTrash()) left.push(trashed);
      expect(left.map((trashed) => trashed.digest)).toEqual([digest]);
      await left[0]?.restore();
      for await (const trashed of store.listTrash()) expect.fail(`still aside: ${trashed.digest}`);
      expect(await store.stat(digest)).toMatchObject(expected);
    });

    it("lists what an ended sweep had announced and left aside", async () => {
      const store = await create();
      await store.put(expected, content);
      const notice = await store.announceTrash([EMPTY_DIGEST, digest]);
      await store.trash(digest, "sweep1", notice);
      const left = [];
      for await (const trashed of store.listTrash()) left.push(trashed);
      expect(left.map((trashed) => trashed.digest)).toEqual([digest]);
      await left[0]?.destroy();
      await notice.withdraw();
      await notice.withdraw();
      expect(await store.stat(digest)).toBeUndefined();
    });
  });
}
