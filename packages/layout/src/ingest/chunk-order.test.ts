import { expect, it } from "vitest";

import { CHUNK_BYTES } from "../sidecars/chunk-map.ts";
import { createChunkOrder } from "./chunk-order.ts";

/** A write that ends when the test says so. */
function createWrite(): { done: Promise<void>; end: () => void; fail: (error: Error) => void } {
  let end = (): void => {};
  let fail = (_error: Error): void => {};
  const done = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { done, end, fail };
}

it("notes neighbours within a chunk in order, and does not wait for those of another chunk", async () => {
  const inOrder = createChunkOrder();
  const first = createWrite();
  const notes: string[] = [];
  const half = CHUNK_BYTES / 2;
  const all = [
    inOrder({ start: 0, end: half }, first.done, () => void notes.push("first")),
    inOrder({ start: half, end: CHUNK_BYTES }, Promise.resolve(), () => void notes.push("second")),
  ];
  const next = { start: CHUNK_BYTES, end: CHUNK_BYTES + half };
  await inOrder(next, Promise.resolve(), () => void notes.push("other chunk"));
  first.end();
  await Promise.all(all);
  expect(notes).toEqual(["other chunk", "first", "second"]);
});

it("notes what was written although the write before it failed", async () => {
  const inOrder = createChunkOrder();
  const first = createWrite();
  const notes: string[] = [];
  const failing = inOrder({ start: 0, end: 10 }, first.done, () => void notes.push("first"));
  const second = inOrder(
    { start: 10, end: 20 },
    Promise.resolve(),
    () => void notes.push("second"),
  );
  const failure = new Error("the disk is full");
  first.fail(failure);
  await expect(failing).rejects.toBe(failure);
  await second;
  expect(notes).toEqual(["second"]);
});
