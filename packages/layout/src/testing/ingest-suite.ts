import { describe, expect } from "vitest";

import type { BlobStore, Ingest } from "../blobs/blob-store.ts";
import { EMPTY_DIGEST } from "../digest/digest.ts";
import { digestBytes } from "../digest/digester.ts";
import { collectContent, createContent } from "./content.ts";
import { expectStoreError } from "./expect-error.ts";
import { itUnless, type SkippedTest } from "./skipping.ts";

export interface IngestSuiteOptions {
  readonly name: string;
  /** An empty store, its own for every call. */
  create(): Promise<BlobStore>;
  readonly skip?: readonly SkippedTest[];
}

/**
 * Behaviour of every {@link Ingest}: the twelve that containerd's content-store suite asks of a
 * writer, with its names in parentheses, and what parallel ranges add to it.
 */
export function ingestSuite(options: IngestSuiteOptions): void {
  const it = itUnless(options.skip);
  const { create } = options;
  const content = createContent(500_000, 11);
  const digest = digestBytes(content);
  const target = { digest, size: content.length };

  async function fill(
    ingest: Ingest,
    bytes: Uint8Array = content,
    chunkBytes = 70_001,
  ): Promise<void> {
    for (const { start, end } of ingest.missing()) {
      for (let at = start; at < Math.min(end, bytes.length); at += chunkBytes) {
        await ingest.writeAt(at, bytes.slice(at, Math.min(at + chunkBytes, end, bytes.length)));
      }
    }
  }

  describe(`${options.name} as an ingest`, () => {
    it("begins with everything missing and ends with a blob (Writer)", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      expect(ingest.size).toBe(content.length);
      expect(ingest.missing()).toEqual([{ start: 0, end: content.length }]);
      await fill(ingest);
      expect(ingest.missing()).toEqual([]);
      expect(await ingest.commit()).toMatchObject({ ...target, verified: true });
      expect(await collectContent(store.read(digest))).toEqual(content);
    });

    it("shows what is still missing while it fills (UpdateStatus)", async () => {
      const store = await create();
      await using ingest = await store.ingest(target);
      await ingest.writeAt(100_000, content.slice(100_000, 200_000));
      await ingest.writeAt(0, content.slice(0, 10));
      expect(ingest.missing()).toEqual([
        { start: 10, end: 100_000 },
        { start: 200_000, end: content.length },
      ]);
    });

    it("commits a blob that is there by now as success (CommitExists)", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      await fill(ingest);
      const first = await store.put(target, content);
      expect(await ingest.commit()).toMatchObject({ ...target, addedAtMs: first.addedAtMs });
    });

    it("has nothing missing for a blob that is there already", async () => {
      const store = await create();
      const first = await store.put(target, content);
      const ingest = await store.ingest(target);
      expect(ingest.missing()).toEqual([]);
      expect(await ingest.commit()).toMatchObject({ ...target, addedAtMs: first.addedAtMs });
    });

    it("shows nothing before the commit", async () => {
      const store = await create();
      await using ingest = await store.ingest(target);
      await fill(ingest);
      await ingest.checkpoint();
      expect(await store.stat(digest)).toBeUndefined();
      for await (const listed of store.list()) expect.fail(`listed: ${listed}`);
    });

    it("continues where a disposed one stopped (Resume)", async () => {
      const store = await create();
      const first = await store.ingest(target);
      await first.writeAt(0, content.slice(0, 123_456));
      await first.writeAt(300_000, content.slice(300_000, 400_000));
      await first[Symbol.asyncDispose]();
      const second = await store.ingest(target);
      expect(second.missing()).toEqual([
        { start: 123_456, end: 300_000 },
        { start: 400_000, end: content.length },
      ]);
      expect(second.hashedBytes()).toBeLessThanOrEqual(123_456);
      await fill(second);
      expect(await second.commit()).toMatchObject(target);
      expect(second.hashedBytes()).toBe(content.length);
    });

    it("continues again and again (ResumeCopy)", async () => {
      const store = await create();
      for (let at = 0; at < content.length; at += 100_000) {
        await using ingest = await store.ingest(target);
        expect(ingest.missing()[0]?.start).toBe(at);
        await ingest.writeAt(at, content.slice(at, at + 100_000));
      }
      const last = await store.ingest(target);
      expect(last.missing()).toEqual([]);
      expect(await last.commit()).toMatchObject(target);
    });

    it("continues from another source that announces no size (ResumeCopySeeker)", async () => {
      const store = await create();
      {
        await using first = await store.ingest(target);
        await first.writeAt(0, content.slice(0, 1000));
      }
      await using second = await store.ingest({ digest });
      expect(second.missing()[0]?.start).toBe(1000);
    });

    it("continues from a source that is read at any offset (ResumeCopyReaderAt)", async () => {
      const store = await create();
      for (const start of [400_000, 0, 250_000]) {
        await using ingest = await store.ingest(target);
        await ingest.writeAt(start, content.slice(start, start + 100_000));
      }
      const last = await store.ingest(target);
      for (const { start, end } of last.missing().toReversed())
        await last.writeAt(start, content.slice(start, end));
      expect(await last.commit()).toMatchObject(target);
    });

    it("keeps ranges that another size cannot use (ResumeTruncate)", async () => {
      const store = await create();
      {
        await using first = await store.ingest(target);
        await first.writeAt(0, content.slice(0, 1000));
      }
      const other = await store.ingest({ digest, size: content.length - 1 });
      expect(other.missing()).toEqual([{ start: 0, end: content.length - 1 }]);
      await other.discard();
    });

    it("begins anew after a discard, and when told to (ResumeDiscard)", async () => {
      const store = await create();
      const first = await store.ingest(target);
      await first.writeAt(0, content.slice(0, 1000));
      await using unlike = await store.ingest(target, { resume: false });
      expect(unlike.missing()).toEqual([{ start: 0, end: content.length }]);
      await first.discard();
      await first.discard();
      await using second = await store.ingest(target);
      expect(second.missing()).toEqual([{ start: 0, end: content.length }]);
    });

    it("takes a small blob in one piece (SmallBlob)", async () => {
      const store = await create();
      const small = createContent(10, 12);
      const ingest = await store.ingest({ digest: digestBytes(small), size: 10 });
      await ingest.writeAt(0, small);
      expect(await ingest.commit()).toMatchObject({ size: 10 });
    });

    it("takes the empty blob", async () => {
      const store = await create();
      const ingest = await store.ingest({ digest: EMPTY_DIGEST, size: 0 });
      expect(ingest.missing()).toEqual([]);
      expect(await ingest.commit()).toMatchObject({ digest: EMPTY_DIGEST, size: 0 });
    });

    it("refuses to commit while bytes are missing, and goes on afterwards (CommitErrorState)", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      await ingest.writeAt(0, content.slice(0, 1000));
      await expectStoreError(ingest.commit(), "ERR_STORE_BLOB_SIZE_MISMATCH");
      await fill(ingest);
      expect(await ingest.commit()).toMatchObject(target);
    });

    it("refuses wrong bytes, shows nothing, and begins anew", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      const wrong = content.slice();
      wrong[250_000] = (wrong[250_000] ?? 0) ^ 1;
      await fill(ingest, wrong);
      const error = await expectStoreError(ingest.commit(), "ERR_STORE_BLOB_DIGEST_MISMATCH");
      expect(error.detail).toMatchObject({ expected: digest, actual: digestBytes(wrong) });
      expect(await store.stat(digest)).toBeUndefined();
      await ingest[Symbol.asyncDispose]();
      await using again = await store.ingest(target);
      expect(again.missing()).toEqual([{ start: 0, end: content.length }]);
    });

    it("refuses bytes beyond the announced size", async () => {
      const store = await create();
      await using ingest = await store.ingest(target);
      await expectStoreError(
        ingest.writeAt(content.length - 1, new Uint8Array(2)),
        "ERR_STORE_BLOB_SOURCE_TOO_LONG",
      );
    });

    it("takes parallel ranges in any order", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      const step = 31_007;
      const offsets = Array.from(
        { length: Math.ceil(content.length / step) },
        (_, index) => index * step,
      );
      await Promise.all(
        offsets.toReversed().map((at) => ingest.writeAt(at, content.slice(at, at + step))),
      );
      expect(await ingest.commit()).toMatchObject(target);
    });

    it("lets the first writer of an offset win", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      await ingest.writeAt(0, content.slice(0, 1000));
      await ingest.writeAt(500, new Uint8Array(400));
      await ingest.writeAt(900, content.slice(900, 2000));
      await fill(ingest);
      expect(await ingest.commit()).toMatchObject(target);
    });

    it("checkpoints while others write", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      const half = content.length / 2;
      await Promise.all([
        ingest.writeAt(0, content.slice(0, half)),
        ingest.checkpoint(),
        ingest.writeAt(half, content.slice(half)),
        ingest.checkpoint(),
      ]);
      expect(await ingest.commit()).toMatchObject(target);
    });

    it("names bytes of unknown identity and size at commit", async () => {
      const store = await create();
      const ingest = await store.ingest({ key: "https://example.test/model", validator: '"v1"' });
      expect(ingest.missing()).toEqual([{ start: 0, end: Number.POSITIVE_INFINITY }]);
      await fill(ingest);
      expect(await ingest.commit()).toMatchObject(target);
    });

    it("continues an unknown identity under the same key and validator only (Labels)", async () => {
      const store = await create();
      const known = { key: "https://example.test/model", validator: '"v1"' };
      {
        await using first = await store.ingest(known);
        await first.writeAt(0, content.slice(0, 1000));
      }
      {
        await using other = await store.ingest({ ...known, key: "https://example.test/other" });
        expect(other.missing()[0]?.start).toBe(0);
      }
      {
        await using same = await store.ingest(known);
        expect(same.restarted).toBe(false);
        expect(same.missing()[0]?.start).toBe(1000);
      }
      await using changed = await store.ingest({ ...known, validator: '"v2"' });
      expect(changed.restarted).toBe(true);
      expect(changed.missing()[0]?.start).toBe(0);
    });

    it("refuses to be used after its end", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      await fill(ingest);
      await ingest.commit();
      await expect(ingest.writeAt(0, content)).rejects.toThrow(TypeError);
      await expect(ingest.commit()).rejects.toThrow(TypeError);
    });

    it("is left by an aborted commit as it was", async () => {
      const store = await create();
      const ingest = await store.ingest(target);
      await fill(ingest);
      const reason = new Error("enough");
      const aborted = ingest.commit({ signal: AbortSignal.abort(reason) });
      // What is hashed already may leave nothing to abort.
      const outcome = await aborted.then(
        () => "done",
        (error: unknown) => error,
      );
      if (outcome === "done") return;
      expect(outcome).toBe(reason);
      expect(await ingest.commit()).toMatchObject(target);
    });
  });
}
