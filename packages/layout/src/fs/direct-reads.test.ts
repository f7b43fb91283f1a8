import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { createSharedSlots } from "../hashing/shared-slots.ts";
import { createContent } from "../testing/content.ts";
import { createDirectRead, DIRECT_ALIGNMENT, isCached } from "./direct-reads.ts";
import type { FsFile } from "./fs-port.ts";
import { nodeFs } from "./node-fs.ts";
import { readFully, type ReadHandle } from "./read-fully.ts";

const PAGE = DIRECT_ALIGNMENT;
const SLOT_BYTES = 16 * PAGE;
/** So many pages that those looked at, with what the kernel reads ahead of each, are few of them. */
const COLD_BYTES = 64 * SLOT_BYTES;

let root = "";
/** Whether the file system of the temporary directory reads past its cache at all. */
let isDirect = false;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "store-direct-"));
  const { path } = await writeUncached("probe", COLD_BYTES);
  const file = await open(path);
  isDirect = !(await isCached(file, COLD_BYTES));
  await file.close();
});
afterAll(() => rm(root, { recursive: true }));

/** Writes a file past the page cache, so that it is not in it. */
async function writeUncached(
  name: string,
  size: number,
): Promise<{ readonly path: string; readonly content: Uint8Array }> {
  const path = join(root, name);
  const content = createContent(size, 7);
  const pages = Math.ceil(size / PAGE);
  const slots = createSharedSlots(1, Math.max(1, pages) * PAGE);
  const { bytes } = await slots.acquire();
  bytes.set(content);
  const file = await nodeFs.open(path, "create", { direct: true });
  if (pages > 0) await file.write(bytes, 0);
  await file.truncate(size);
  await file.sync();
  await file.close();
  return { path, content };
}

async function readAll(file: FsFile): Promise<Uint8Array> {
  const { bytes } = await createSharedSlots(1, SLOT_BYTES).acquire();
  const parts: Uint8Array[] = [];
  for (let position = 0; ; position += SLOT_BYTES) {
    const count = await file.read(bytes, position);
    parts.push(bytes.slice(0, count));
    if (count < SLOT_BYTES) return Buffer.concat(parts);
  }
}

/** A handle over bytes in memory that counts its calls; `answer` says how a call goes. */
function handleOf(
  content: Uint8Array,
  answer: (length: number) => number = (length) => length,
): ReadHandle & { calls: number } {
  return {
    calls: 0,
    read(buffer, offset, length, position) {
      this.calls += 1;
      const piece = content.subarray(position, position + Math.min(length, answer(length)));
      buffer.set(piece, offset);
      return Promise.resolve({ bytesRead: piece.length });
    },
  };
}

const refuse = (errno: string) => (): number => {
  throw Object.assign(new Error(`${errno}: read`), { code: errno });
};

it.each([0, 1, PAGE - 1, PAGE, PAGE + 1, SLOT_BYTES, 2 * SLOT_BYTES + PAGE + 3])(
  "reads a file of %i bytes that is not in the page cache",
  async (size) => {
    const { path, content } = await writeUncached(`size-${size}`, size);
    const file = await nodeFs.open(path, "read", { direct: true });
    expect(Buffer.compare(await readAll(file), content)).toBe(0);
    expect((await file.stat()).size).toBe(size);
    const odd = new Uint8Array(3);
    expect(await file.read(odd, 5)).toBe(Math.max(0, Math.min(3, size - 5)));
    expect(Buffer.compare(odd.subarray(0, Math.max(0, size - 5)), content.subarray(5, 8))).toBe(0);
    await file.close();
  },
);

it("reads what another wrote through the page cache a moment ago, and where it cut the file", async () => {
  const { path, content } = await writeUncached("changing", 4 * SLOT_BYTES);
  const file = await nodeFs.open(path, "read", { direct: true });
  const { bytes } = await createSharedSlots(1, SLOT_BYTES).acquire();
  const writer = await open(path, "r+");
  await writer.write(Buffer.from("changed"), 0, 7, SLOT_BYTES);
  expect(await file.read(bytes, SLOT_BYTES)).toBe(SLOT_BYTES);
  expect(Buffer.from(bytes.slice(0, 7)).toString()).toBe("changed");
  await writer.truncate(2 * SLOT_BYTES + 100);
  await writer.close();
  expect(await file.read(bytes, 2 * SLOT_BYTES)).toBe(100);
  expect(
    Buffer.compare(bytes.slice(0, 100), content.subarray(2 * SLOT_BYTES).subarray(0, 100)),
  ).toBe(0);
  expect(await file.read(bytes, 3 * SLOT_BYTES)).toBe(0);
  await file.close();
});

it("tells a file in the page cache from one that is not", async ({ skip }) => {
  if (!isDirect) skip(`${tmpdir()} has no direct reads, or they are not counted`);
  const { path } = await writeUncached("cold", COLD_BYTES);
  const file = await open(path);
  expect(await isCached(file, COLD_BYTES)).toBe(false);
  await readFully(file, new Uint8Array(COLD_BYTES), 0);
  expect(await isCached(file, COLD_BYTES)).toBe(true);
  await file.close();
});

it("judges by the larger part of the pages it looked at", async () => {
  const judge = (missing: number): Promise<boolean> => {
    let asked = 0;
    let waits = 0;
    // Asked before and after each page.
    return isCached(handleOf(createContent(64 * PAGE, 1)), 64 * PAGE, () => {
      asked += 1;
      if (asked % 2 === 0 && asked <= 2 * missing) waits += 8;
      return waits;
    });
  };
  expect(await judge(0)).toBe(true);
  expect(await judge(3)).toBe(true);
  expect(await judge(4)).toBe(false);
  expect(await isCached(handleOf(new Uint8Array()), 0)).toBe(true);
});

it("leaves a file that was not in the page cache out of it", async ({ skip }) => {
  if (!isDirect) skip(`${tmpdir()} has no direct reads, or they are not counted`);
  const size = COLD_BYTES + 1;
  const { path, content } = await writeUncached("scrubbed", size);
  const file = await nodeFs.open(path, "read", { direct: true });
  expect(Buffer.compare(await readAll(file), content)).toBe(0);
  await file.close();
  const again = await open(path);
  expect(await isCached(again, size)).toBe(false);
  await again.close();
});

it.each(["EINVAL", "ENOTSUP"])("reads through the cache from the first %s on", async (errno) => {
  const content = createContent(3 * SLOT_BYTES + 5, 2);
  const direct = handleOf(content, refuse(errno));
  const read = createDirectRead(direct, handleOf(content));
  const buffer = new Uint8Array(SLOT_BYTES);
  for (const position of [0, SLOT_BYTES, 2 * SLOT_BYTES]) {
    expect(await read(buffer, position)).toBe(SLOT_BYTES);
    expect(Buffer.compare(buffer, content.subarray(position, position + SLOT_BYTES))).toBe(0);
  }
  expect(await read(buffer, 3 * SLOT_BYTES)).toBe(5);
  expect(direct.calls).toBe(1);
});

it("passes on what is wrong with the disk, and never reads around it", async () => {
  const content = createContent(SLOT_BYTES, 3);
  const plain = handleOf(content);
  const read = createDirectRead(handleOf(content, refuse("EIO")), plain);
  await expect(read(new Uint8Array(SLOT_BYTES), 0)).rejects.toMatchObject({ code: "EIO" });
  expect(plain.calls).toBe(0);
});

it("completes a direct read that was cut", async () => {
  const content = createContent(2 * SLOT_BYTES, 4);
  const read = createDirectRead(
    handleOf(content, () => 3 * PAGE),
    handleOf(content),
  );
  const buffer = new Uint8Array(SLOT_BYTES);
  expect(await read(buffer, SLOT_BYTES)).toBe(SLOT_BYTES);
  expect(Buffer.compare(buffer, content.subarray(SLOT_BYTES))).toBe(0);
});

it("asks the direct handle for whole pages only", async () => {
  const content = createContent(SLOT_BYTES, 5);
  const direct = handleOf(content);
  const read = createDirectRead(direct, handleOf(content));
  expect(await read(new Uint8Array(10), 0)).toBe(10);
  expect(await read(new Uint8Array(PAGE), 10)).toBe(PAGE);
  expect(direct.calls).toBe(0);
  expect(await read(new Uint8Array(PAGE), PAGE)).toBe(PAGE);
  expect(direct.calls).toBe(1);
});
