import { chmod, readdir, readFile, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { damageBlob } from "../../test/damage-blob.ts";
import { interceptFs } from "../../test/intercept-fs.ts";
import type { Trashed } from "../blobs/blob-store.ts";
import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { digestBytes } from "../digest/digester.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { Layout } from "../root/layout.ts";
import { CHUNK_BYTES } from "../sidecars/chunk-map.ts";
import { collectContent, createContent } from "../testing/content.ts";
import { expectStoreError } from "../testing/expect-error.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { openRepair } from "./open-repair.ts";

const content = createContent(2 * CHUNK_BYTES + 5_000, 71);
const digest = digestBytes(content);
const size = content.length;
const second = { start: CHUNK_BYTES, end: 2 * CHUNK_BYTES };

async function openDamaged(fs?: FsPort): ReturnType<typeof createTemporaryLayout> {
  const temporary = await createTemporaryLayout(fs === undefined ? {} : { fs });
  await openBlobStore(temporary.layout).add(content);
  await damageBlob(temporary.layout, digest, CHUNK_BYTES + 17);
  return temporary;
}

async function listQuarantine({ paths }: Layout): Promise<readonly Uint8Array[]> {
  const names = await readdir(paths.quarantine).catch(() => []);
  const kept = names.filter((name) => name.endsWith(".bin"));
  return Promise.all(kept.map((name) => readFile(join(paths.quarantine, name))));
}

describe("a repair", () => {
  it("leaves a blob alone that is right", async () => {
    await using temporary = await createTemporaryLayout();
    await openBlobStore(temporary.layout).add(content);
    expect(await openRepair(temporary.layout, { digest })).toBeUndefined();
  });

  it("lacks only the damaged chunk, and keeps the wrong bytes", async () => {
    await using temporary = await openDamaged();
    const { layout } = temporary;
    const wrong = await readFile(layout.paths.blob(digest));
    await using repair = await openRepair(layout, { digest });
    expect(repair?.missing()).toEqual([second]);
    await repair?.writeAt(second.start, content.slice(second.start, second.end));
    expect(await repair?.commit()).toMatchObject({ digest, size });
    expect(Buffer.compare(await readFile(layout.paths.blob(digest)), content)).toBe(0);
    const blobs = openBlobStore(layout);
    expect(await blobs.stat(digest)).toMatchObject({ verified: true });
    const kept = await listQuarantine(layout);
    expect(kept.map((bytes) => Buffer.compare(bytes, wrong))).toEqual([0]);
    expect(await readdir(join(layout.paths.blob(digest), "../.."))).toHaveLength(1);
  });

  it("changes nothing about the blob until it commits", async () => {
    await using temporary = await openDamaged();
    const { layout } = temporary;
    const wrong = await readFile(layout.paths.blob(digest));
    {
      await using repair = await openRepair(layout, { digest });
      await repair?.writeAt(second.start, content.slice(second.start, second.start + 1_000_000));
    }
    expect(Buffer.compare(await readFile(layout.paths.blob(digest)), wrong)).toBe(0);
    expect(await listQuarantine(layout)).toEqual([]);
    // What came is not asked for again.
    await using again = await openRepair(layout, { digest });
    expect(again?.missing()).toEqual([{ start: second.start + 1_000_000, end: second.end }]);
  });

  it("refuses wrong bytes and leaves the blob as it was", async () => {
    await using temporary = await openDamaged();
    const { layout } = temporary;
    const wrong = await readFile(layout.paths.blob(digest));
    await using repair = await openRepair(layout, { digest });
    await repair?.writeAt(second.start, new Uint8Array(CHUNK_BYTES));
    await expectStoreError(repair?.commit() ?? Promise.resolve(), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    expect(Buffer.compare(await readFile(layout.paths.blob(digest)), wrong)).toBe(0);
  });

  it("lacks everything where nobody recorded the sums, where told so, and where nothing is left", async () => {
    await using temporary = await openDamaged();
    const { layout } = temporary;
    const whole = [{ start: 0, end: size }];
    {
      await using repair = await openRepair(layout, { digest, size }, { keepGood: false });
      expect(repair?.missing()).toEqual(whole);
    }
    await unlink(layout.paths.chunks(digest));
    {
      await using repair = await openRepair(layout, { digest, size });
      expect(repair?.missing()).toEqual(whole);
    }
    await unlink(layout.paths.blob(digest));
    await using repair = await openRepair(layout, { digest, size });
    expect(repair?.missing()).toEqual(whole);
    await repair?.writeAt(0, content.slice());
    expect(await repair?.commit()).toMatchObject({ digest, size });
  });

  it.each([
    ["cut short", 100],
    ["emptied", 0],
  ])("puts right what was %s", async (_what, left) => {
    await using temporary = await openDamaged();
    const { layout } = temporary;
    await chmod(layout.paths.blob(digest), 0o644);
    await truncate(layout.paths.blob(digest), left);
    await using repair = await openRepair(layout, { digest });
    expect(repair?.missing()).toEqual([{ start: 0, end: size }]);
    await repair?.writeAt(0, content.slice());
    await repair?.commit();
    expect(digestBytes(await collectContent(openBlobStore(layout).read(digest)))).toBe(digest);
  });

  it("takes a chunk that cannot be read for damaged", async () => {
    const failing: FsPort = {
      ...nodeFs,
      async open(path, mode, options) {
        const file = await nodeFs.open(path, mode, options);
        if (!path.endsWith("/data")) return file;
        return {
          ...file,
          async read(buffer, position) {
            const end = position + buffer.length;
            if (position < 10 && end > 0) throw Object.assign(new Error("bad"), { code: "EIO" });
            return file.read(buffer, position);
          },
        };
      },
    };
    await using temporary = await openDamaged();
    const layout = { ...temporary.layout, fs: failing };
    await using repair = await openRepair(layout, { digest });
    expect(repair?.missing()).toEqual([{ start: 0, end: second.end }]);
    await repair?.writeAt(0, content.slice(0, second.end));
    expect(await repair?.commit()).toMatchObject({ digest, size });
  });

  it("keeps right bytes that somebody else put there meanwhile", async () => {
    await using temporary = await openDamaged();
    const { layout } = temporary;
    await using repair = await openRepair(layout, { digest });
    await using other = await openRepair(layout, { digest });
    for (const one of [other, repair]) {
      await one?.writeAt(second.start, content.slice(second.start, second.end));
      await one?.commit();
    }
    expect(Buffer.compare(await readFile(layout.paths.blob(digest)), content)).toBe(0);
    expect(await listQuarantine(layout)).toHaveLength(1);
  });

  it("does not take the wrong file for right that a sweep gives back in the last instant", async () => {
    await using temporary = await openDamaged();
    let trashed: Trashed | undefined;
    const fs = interceptFs(nodeFs, async (operation, path) => {
      if (operation === "link" && path.includes(".partial-")) await trashed?.restore();
    });
    const layout = await temporary.reopen({ fs });
    await using repair = await openRepair(layout, { digest });
    await repair?.writeAt(second.start, content.slice(second.start, second.end));
    trashed = await openBlobStore(temporary.layout).trash(digest, "sweep");
    await repair?.commit();
    expect(Buffer.compare(await readFile(layout.paths.blob(digest)), content)).toBe(0);
    expect(await listQuarantine(layout)).toHaveLength(1);
  });

  it("replaces the file also where there are no hard links", async () => {
    const linkless: FsPort = {
      ...nodeFs,
      link: async () => {
        throw Object.assign(new Error("no links here"), { code: "EPERM" });
      },
    };
    await using temporary = await openDamaged();
    const layout = { ...temporary.layout, fs: linkless };
    await using repair = await openRepair(layout, { digest });
    await repair?.writeAt(second.start, content.slice(second.start, second.end));
    await repair?.commit();
    expect(Buffer.compare(await readFile(layout.paths.blob(digest)), content)).toBe(0);
    expect(await listQuarantine(layout)).toHaveLength(1);
  });

  it("does not touch what is not its own: a store it must not write", async () => {
    await using temporary = await openDamaged();
    await writeFile(join(temporary.layout.paths.root, ".store", "format.json"), '{"format": 9}');
    const { openLayout } = await import("../root/layout.ts");
    const newer = await openLayout(temporary.layout.paths.root);
    await expectStoreError(openRepair(newer, { digest }), "ERR_STORE_VERSION_UNSUPPORTED");
  });
});
