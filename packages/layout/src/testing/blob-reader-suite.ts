import { describe, expect } from "vitest";

import type { BlobReader } from "../blobs/blob-reader.ts";
import type { ByteRange } from "../byte-source.ts";
import { EMPTY_DIGEST } from "../digest/digest.ts";
import { digestBytes } from "../digest/digester.ts";
import { collectContent, createContent, sliceContent } from "./content.ts";
import { expectStoreError } from "./expect-error.ts";
import { itUnless, type SkippedTest } from "./skipping.ts";

export interface BlobReaderSuiteOptions {
  readonly name: string;
  /** A reader that holds exactly these contents. */
  create(contents: readonly Uint8Array[]): Promise<BlobReader>;
  readonly skip?: readonly SkippedTest[];
}

/** Behaviour every {@link BlobReader} has, whatever holds its bytes. */
export function blobReaderSuite(options: BlobReaderSuiteOptions): void {
  const it = itUnless(options.skip);
  const small = createContent(1234, 1);
  const large = createContent(3 * 1024 * 1024 + 17, 2);
  const absent = digestBytes(createContent(99, 3));
  const create = (): Promise<BlobReader> => options.create([small, large, new Uint8Array()]);

  describe(`${options.name} as a blob reader`, () => {
    it("says the size of a blob it holds", async () => {
      const reader = await create();
      expect(await reader.stat(digestBytes(large))).toMatchObject({
        digest: digestBytes(large),
        size: large.length,
      });
    });

    it("answers undefined for a blob it does not hold", async () => {
      const reader = await create();
      expect(await reader.stat(absent)).toBeUndefined();
      expect(await reader.locate(absent)).toBeUndefined();
    });

    it("reads a blob whole", async () => {
      const reader = await create();
      expect(digestBytes(await collectContent(reader.read(digestBytes(large))))).toBe(
        digestBytes(large),
      );
      expect(await collectContent(reader.read(digestBytes(small)))).toEqual(small);
    });

    it("holds the empty blob like any other", async () => {
      const reader = await create();
      expect(await reader.stat(EMPTY_DIGEST)).toMatchObject({ size: 0 });
      expect(await collectContent(reader.read(EMPTY_DIGEST))).toHaveLength(0);
    });

    it("reads ranges half-open, and cuts them at the end", async () => {
      const reader = await create();
      const ranges: readonly Partial<ByteRange>[] = [
        { start: 0, end: 1 },
        { start: 1233 },
        { start: 100, end: 100 },
        { start: 1, end: 99_999 },
        { end: 10 },
        { start: 1234 },
        { start: 5000, end: 6000 },
      ];
      for (const range of ranges) {
        const read = await collectContent(reader.read(digestBytes(small), range));
        expect(read, JSON.stringify(range)).toEqual(sliceContent(small, range));
      }
      const across = { start: 1024 * 1024 - 3, end: 2 * 1024 * 1024 + 5 };
      expect(await collectContent(reader.read(digestBytes(large), across))).toEqual(
        sliceContent(large, across),
      );
    });

    it("fails to read a blob it does not hold, as not found", async () => {
      const reader = await create();
      await expectStoreError(collectContent(reader.read(absent)), "ERR_STORE_BLOB_NOT_FOUND");
    });

    it("lists every blob once, ascending", async () => {
      const reader = await create();
      const listed: string[] = [];
      for await (const digest of reader.list()) listed.push(digest);
      expect(listed).toEqual([digestBytes(small), digestBytes(large), EMPTY_DIGEST].toSorted());
    });

    it("locates what it says it holds", async () => {
      const reader = await create();
      const location = await reader.locate(digestBytes(small));
      if (location?.kind === "file") expect(location.path.length).toBeGreaterThan(0);
      if (location?.kind === "pack") expect(location.offset).toBeGreaterThanOrEqual(0);
    });

    it("stops a read at once when the caller aborts, with the caller's reason", async () => {
      const reader = await create();
      const controller = new AbortController();
      const reason = new Error("enough");
      const reading = (async () => {
        for await (const chunk of reader.read(digestBytes(large), { signal: controller.signal })) {
          if (chunk.length > 0) controller.abort(reason);
        }
      })();
      // A reader that hands out everything in one chunk is done before it can be stopped.
      await reading.catch((error: unknown) => expect(error).toBe(reason));
      const aborted = collectContent(
        reader.read(digestBytes(small), { signal: AbortSignal.abort(reason) }),
      );
      await expect(aborted).rejects.toBe(reason);
    });

    it("lets a reader stop early without harm", async () => {
      const reader = await create();
      for await (const chunk of reader.read(digestBytes(large))) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(await reader.stat(digestBytes(large))).toBeDefined();
    });

    it("serves many readers at once", async () => {
      const reader = await create();
      const reads = Array.from({ length: 16 }, () =>
        collectContent(reader.read(digestBytes(large))),
      );
      for (const bytes of await Promise.all(reads)) expect(bytes).toHaveLength(large.length);
    });
  });
}
