import { isStoreError } from "@store/layout";
import { expect, it } from "vitest";

import { exactBody } from "./exact-body.ts";
import { createHttpBody } from "./http-body.ts";
import { linkAbort } from "./link-abort.ts";
import { systemTimers } from "./timers.ts";

const url = new URL("http://127.0.0.1/x");

function bodyOf(...sizes: readonly number[]): ReturnType<typeof createHttpBody> {
  const left = [...sizes];
  const chunks = {
    async read() {
      const size = left.shift();
      return size === undefined ? undefined : new Uint8Array(size);
    },
    async cancel() {},
  };
  return createHttpBody(chunks, {
    url,
    link: linkAbort(undefined),
    timers: systemTimers,
    idleTimeoutMs: 1000,
  });
}

async function count(length: number, ...sizes: readonly number[]): Promise<number> {
  let bytes = 0;
  for await (const chunk of exactBody(bodyOf(...sizes), length, url)) bytes += chunk.length;
  return bytes;
}

it("passes on a body of the length that was announced", async () => {
  expect(await count(30, 10, 20)).toBe(30);
  expect(await count(0)).toBe(0);
  expect(await count(Infinity, 10, 20)).toBe(30);
});

it("makes an error of one byte less or more, even where the stream ends well", async () => {
  for (const [transient, ...sizes] of [
    [true, 10, 19],
    [true],
    [false, 10, 21],
    [false, 31],
  ] as const) {
    const error: unknown = await count(30, ...sizes).catch((e: unknown) => e);
    expect(isStoreError(error, "ERR_STORE_UPSTREAM_ERROR"), String(sizes)).toBe(true);
    expect(error).toMatchObject({ detail: { transient } });
  }
});
