import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { createContent } from "../testing/content.ts";
import { createFollowingHasher } from "./following-hasher.ts";
import { openReceiveSlots, RECEIVE_BYTES } from "./receive-slots.ts";

const SIZE = 18_000_001;
const PIECE = 1_000_000;
const content = createContent(SIZE, 31);
const slots = openReceiveSlots();
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-following-"));
});
afterAll(async () => {
  slots.close();
  await rm(directory, { recursive: true });
});

async function createFile(name: string): Promise<FsFile> {
  return nodeFs.open(join(directory, name), "create");
}

const offsets = Array.from({ length: Math.ceil(SIZE / PIECE) }, (_, index) => index * PIECE);
const orders = {
  ascending: offsets,
  descending: offsets.toReversed(),
  "even ones first": offsets.toSorted((a, b) => ((a / PIECE) % 2) - ((b / PIECE) % 2) || a - b),
};

it.each(Object.entries(orders))("hashes bytes that arrive %s", async (name, order) => {
  const file = await createFile(name);
  const hasher = createFollowingHasher(file, [], slots);
  for (const at of order) {
    const piece = content.subarray(at, at + PIECE);
    await file.write(piece, at);
    hasher.written(at, piece);
  }
  expect(await hasher.finish(SIZE)).toBe(digestBytes(content));
  await hasher.close();
  await file.close();
});

it("takes what was there before it began", async () => {
  const file = await createFile("present");
  await file.write(content.subarray(0, 9_000_000), 0);
  const hasher = createFollowingHasher(file, [{ start: 0, end: 9_000_000 }], slots);
  const rest = content.subarray(9_000_000);
  await file.write(rest, 9_000_000);
  hasher.written(9_000_000, rest);
  expect(await hasher.finish(SIZE)).toBe(digestBytes(content));
  await file.close();
});

it("passes on a failure to read, and closes all the same", async () => {
  const file = await createFile("broken");
  const failure = new Error("the disk broke");
  const broken: FsFile = { ...file, read: () => Promise.reject(failure) };
  const hasher = createFollowingHasher(broken, [], slots);
  hasher.written(0, content);
  await expect(hasher.finish(SIZE)).rejects.toBe(failure);
  await hasher.close();
  await file.close();
});

it("can be closed at any time", async () => {
  const file = await createFile("closed");
  await file.write(content, 0);
  const hasher = createFollowingHasher(file, [{ start: 0, end: SIZE }], slots);
  await hasher.close();
  await expect(hasher.finish(SIZE)).rejects.toThrow("closed");
  await file.close();
});

it.each(Object.entries(orders))("hashes bytes from slots offered %s", async (name, order) => {
  const file = await createFile(`slots ${name}`);
  const hasher = createFollowingHasher(file, [], slots);
  const uses: Promise<void>[] = [];
  const free = slots.freeCount;
  for (const at of order) {
    const slot = await slots.acquire();
    const piece = content.subarray(at, at + PIECE);
    slot.bytes.set(piece);
    uses.push(hasher.offer(at, slot, piece.length).then(slot.release));
    await file.write(piece, at);
    hasher.written(at, piece);
  }
  expect(await hasher.finish(SIZE)).toBe(digestBytes(content));
  await Promise.all(uses);
  expect(slots.freeCount).toBe(free);
  await hasher.close();
  await file.close();
});

it("gives back every slot when it is closed, whatever waits in it", async () => {
  const file = await createFile("given back");
  const hasher = createFollowingHasher(file, [], slots);
  const slot = await slots.acquire();
  const offered = hasher.offer(RECEIVE_BYTES, slot, RECEIVE_BYTES);
  await hasher.close();
  await offered;
  slot.release();
  await file.close();
});

describe("holding up what is far ahead", () => {
  const far = 1024 * RECEIVE_BYTES;

  /** A file whose reads wait, with so much to read back that the hasher is behind. */
  async function createBehind(name: string) {
    const file = await createFile(name);
    await file.write(content, 0);
    let readOn = (): void => {};
    const mayRead = new Promise<void>((resolve) => {
      readOn = resolve;
    });
    let reads = 0;
    const slow: FsFile = {
      ...file,
      async read(bytes, at) {
        reads += 1;
        await mayRead;
        return file.read(bytes, at);
      },
    };
    const hasher = createFollowingHasher(slow, [], slots);
    hasher.written(0, content);
    return { file, hasher, readOn, readCount: () => reads };
  }

  it("ends when it has caught up, and never holds up what is near", async () => {
    const { file, hasher, readOn, readCount } = await createBehind("behind");
    let isLetOn = false;
    const waiting = hasher.turn(far).then(() => (isLetOn = true));
    await hasher.turn(RECEIVE_BYTES);
    expect(isLetOn).toBe(false);
    readOn();
    await waiting;
    expect(readCount()).toBeGreaterThan(1);
    await hasher.turn(far);
    expect(await hasher.finish(SIZE)).toBe(digestBytes(content));
    await file.close();
  });

  it("ends when the hasher is closed, or fails", async () => {
    const { file, hasher, readOn } = await createBehind("closed while behind");
    const waiting = [hasher.turn(far), hasher.turn(far + 1)];
    const closing = hasher.close();
    await Promise.all(waiting);
    readOn();
    await closing;
    const broken: FsFile = { ...file, read: () => Promise.reject(new Error("the disk broke")) };
    const failing = createFollowingHasher(broken, [], slots);
    failing.written(0, content);
    await failing.turn(far);
    await failing.close();
    await file.close();
  });

  it("ends when bytes that were written are gone, which only the digest can tell", async () => {
    const file = await createFile("cut");
    const hasher = createFollowingHasher(file, [], slots);
    hasher.written(0, content);
    await hasher.turn(far);
    await hasher.close();
    await file.close();
  });
});
