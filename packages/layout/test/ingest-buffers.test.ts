import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { digestBytes, type Ingest, openBlobStore } from "@store/layout";
import { createContent, createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { openReceiveSlots } from "../src/ingest/receive-slots.ts";
import { interceptFs } from "./intercept-fs.ts";

const MIB = 1024 * 1024;
const content = createContent(37 * MIB + 4_321, 23);
const digest = digestBytes(content);
const target = { digest, size: content.length };

/** Writes a range through buffers, each filled up to the next multiple of its size. */
async function writeRange(ingest: Ingest, from: number, end: number): Promise<void> {
  for (let start = from; start < end;) {
    const buffer = await ingest.buffers?.acquire();
    if (buffer === undefined) throw new TypeError("the ingest has no buffers");
    const to = Math.min(end, (Math.floor(start / MIB) + 1) * MIB);
    buffer.bytes.set(content.subarray(start, to));
    await buffer.writeAt(start, to - start);
    start = to;
  }
}

describe("an ingest's buffers", () => {
  it("bring bytes in any order, and leave the same behind as any other way", async () => {
    await using direct = await createTemporaryLayout();
    await using added = await createTemporaryLayout();
    await using ingest = await openBlobStore(direct.layout).ingest(target);
    await Promise.all([
      writeRange(ingest, 20 * MIB, content.length),
      writeRange(ingest, 0, 7 * MIB + 5),
      writeRange(ingest, 7 * MIB + 5, 20 * MIB),
    ]);
    expect(await ingest.commit()).toMatchObject({ digest, size: content.length, verified: true });
    expect(digestBytes(await readFile(direct.layout.paths.blob(digest)))).toBe(digest);
    await openBlobStore(added.layout).add(content);
    const sums = await readFile(direct.layout.paths.chunks(digest));
    expect(sums).toEqual(await readFile(added.layout.paths.chunks(digest)));
  });

  it("go on in a later ingest in the middle of a chunk, and of a page", async () => {
    await using temporary = await createTemporaryLayout();
    const blobs = openBlobStore(temporary.layout);
    const stopped = 9 * MIB + 777;
    {
      await using first = await blobs.ingest(target);
      await writeRange(first, 0, stopped);
    }
    await using second = await blobs.ingest(target);
    expect(second.missing()).toEqual([{ start: stopped, end: content.length }]);
    await writeRange(second, stopped, content.length);
    await second.commit();
    expect(digestBytes(await readFile(temporary.layout.paths.blob(digest)))).toBe(digest);
    expect(await blobs.ensureVerified(digest)).toMatchObject({ verified: true });
  });

  it("never replace what is there already", async () => {
    await using temporary = await createTemporaryLayout();
    await using ingest = await openBlobStore(temporary.layout).ingest(target);
    await ingest.writeAt(MIB + 5, content.subarray(MIB + 5, MIB + 10));
    const buffer = await ingest.buffers?.acquire();
    buffer?.bytes.set(content.subarray(MIB, 2 * MIB));
    buffer?.bytes.fill(0, 5, 10);
    await buffer?.writeAt(MIB, MIB);
    await writeRange(ingest, 0, MIB);
    await writeRange(ingest, 2 * MIB, content.length);
    expect(await ingest.commit()).toMatchObject({ digest });
  });

  it("are given back by whoever waits for one no longer", async () => {
    await using temporary = await createTemporaryLayout();
    await using ingest = await openBlobStore(temporary.layout).ingest(target);
    const { buffers } = ingest;
    const held = [];
    const controller = new AbortController();
    const { signal } = controller;
    const slots = openReceiveSlots();
    while (slots.freeCount > 0) held.push(await buffers?.acquire({ signal }));
    slots.close();
    const waiting = buffers?.acquire({ signal });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    const next = buffers?.acquire();
    held.pop()?.release();
    held.push(await next);
    for (const buffer of held) buffer?.release();
  });

  it("are hashed and summed where they lie: nothing that comes in order is read back", async () => {
    await using temporary = await createTemporaryLayout();
    let readBytes = 0;
    const { fs } = temporary.layout;
    const counting = {
      ...fs,
      async open(...args: Parameters<typeof fs.open>) {
        const file = await fs.open(...args);
        const read: typeof file.read = async (bytes, at) => {
          const count = await file.read(bytes, at);
          if (args[0].endsWith("/data.tmp")) readBytes += count;
          return count;
        };
        return { ...file, read };
      },
    };
    await using ingest = await openBlobStore({ ...temporary.layout, fs: counting }).ingest(target);
    const { buffers } = ingest;
    const writes: Promise<void>[] = [];
    for (let offset = 0; offset < content.length; offset += MIB) {
      const buffer = await buffers?.acquire({ offset });
      const piece = content.subarray(offset, offset + MIB);
      buffer?.bytes.set(piece);
      if (buffer !== undefined) writes.push(buffer.writeAt(offset, piece.length));
    }
    await Promise.all(writes);
    expect(await ingest.commit()).toMatchObject({ digest });
    expect(readBytes).toBe(0);
  });

  it("run short before 64 MiB wait to be recorded, however slow the disk is", async () => {
    await using temporary = await createTemporaryLayout();
    let settle = (): void => {};
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const slow = interceptFs(temporary.layout.fs, async (operation) => {
      if (operation === "file.datasync") await settled;
    });
    const size = 96 * MIB;
    await using ingest = await openBlobStore({ ...temporary.layout, fs: slow }).ingest({ size });
    const writes: Promise<void>[] = [];
    let offset = 0;
    async function writeZeros(): Promise<void> {
      while (offset < size) {
        const buffer = await ingest.buffers?.acquire();
        if (buffer !== undefined) writes.push(buffer.writeAt(offset, MIB));
        offset += MIB;
      }
    }
    const whole = writeZeros();
    await Promise.race([whole, sleep(1_000)]);
    const unrecorded = offset;
    settle();
    await whole;
    await Promise.all(writes);
    expect(ingest.missing()).toEqual([]);
    expect(unrecorded).toBeGreaterThanOrEqual(32 * MIB);
    expect(unrecorded).toBeLessThan(64 * MIB);
  });

  it("are absent where a file is small", async () => {
    await using temporary = await createTemporaryLayout();
    await using ingest = await openBlobStore(temporary.layout).ingest({ size: 1000 });
    expect(ingest.buffers).toBeUndefined();
  });
});
