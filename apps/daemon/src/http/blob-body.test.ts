import { describe, expect, it } from "vitest";

import { type BodyEnd, openBody } from "./blob-body.ts";

interface Source extends AsyncIterable<Uint8Array> {
  /** Chunks asked for. */
  readonly asked: number;
  readonly closed: boolean;
}

/** A source of one-byte-valued chunks that counts what is asked of it; an error ends it. */
function createSource(chunks: readonly (number | Error)[]): Source {
  let asked = 0;
  let closed = false;
  return {
    get asked() {
      return asked;
    },
    get closed() {
      return closed;
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (const chunk of chunks) {
          asked += 1;
          if (typeof chunk !== "number") throw chunk;
          yield new Uint8Array(chunk).fill(asked);
        }
      } finally {
        closed = true;
      }
    },
  };
}

function createEnd(): BodyEnd & { readonly failures: readonly unknown[] } {
  const failures: unknown[] = [];
  return { failures, onFailure: (error) => failures.push(error) };
}

async function readAll(body: ReadableStream<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const chunk of body) count += chunk.length;
  return count;
}

describe("openBody", () => {
  it("gives the whole source, and closes it", async () => {
    const source = createSource([3, 4, 5]);
    const end = createEnd();
    expect(await readAll(await openBody(source, 12, end))).toBe(12);
    expect(source.closed).toBe(true);
    expect(end.failures).toEqual([]);
  });

  it("closes the source with its last byte, without being asked for more", async () => {
    const source = createSource([3, 4]);
    const reader = (await openBody(source, 7, createEnd())).getReader();
    await reader.read();
    expect(source.closed).toBe(false);
    await reader.read();
    expect(source.closed).toBe(true);
  });

  it("asks for a chunk only when the one before was taken", async () => {
    const source = createSource([1, 1, 1, 1, 1]);
    const reader = (await openBody(source, 5, createEnd())).getReader();
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (let taken = 1; taken <= 5; taken += 1) {
      await settle();
      await settle();
      expect(source.asked).toBe(Math.max(1, taken - 1));
      await reader.read();
    }
  });

  it("throws what the source throws with its first chunk, before there is a body", async () => {
    const source = createSource([new Error("no such blob")]);
    const end = createEnd();
    await expect(openBody(source, 5, end)).rejects.toThrow("no such blob");
    expect(end.failures).toEqual([]);
  });

  it("closes the source when the client goes away", async () => {
    const source = createSource([1, 1, 1]);
    const unread = await openBody(source, 3, createEnd());
    await unread.cancel();
    expect(source.closed).toBe(true);

    const half = createSource([1, 1, 1]);
    const reader = (await openBody(half, 3, createEnd())).getReader();
    await reader.read();
    await reader.cancel();
    expect(half.closed).toBe(true);
    expect(half.asked).toBe(1);
  });

  it("takes a client that goes away while a chunk is read for no failure", async () => {
    const source = createSource([1, 1, 1]);
    const end = createEnd();
    const reader = (await openBody(source, 3, end)).getReader();
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await reader.read();
    await settle();
    const pending = reader.read();
    await reader.cancel();
    expect((await pending).done).toBe(true);
    await settle();
    expect(end.failures).toEqual([]);
    expect(source.closed).toBe(true);
  });

  it.each([
    ["fails half way", [3, new Error("EIO at /secret")]],
    ["ends too early", [3, 1]],
    ["gives too much", [3, 9]],
    ["gives too much at once", [13]],
  ])("breaks off, and tells why once, when the source %s", async (_case, chunks) => {
    const source = createSource(chunks);
    const end = createEnd();
    const body = await openBody(source, 12 - 4, end);
    await expect(readAll(body)).rejects.toThrow("the body was cut short");
    expect(end.failures).toHaveLength(1);
    expect(source.closed).toBe(true);
  });

  it("never hands out a byte beyond the size", async () => {
    const body = await openBody(createSource([3, 9]), 8, createEnd());
    const reader = body.getReader();
    expect((await reader.read()).value).toHaveLength(3);
    await expect(reader.read()).rejects.toThrow("cut short");
  });

  it("cuts the connection where there is one, and says nothing more until it is cancelled", async () => {
    const source = createSource([3, new Error("EIO")]);
    let cuts = 0;
    const end: BodyEnd = { onFailure: () => {}, cut: () => (cuts += 1) };
    const reader = (await openBody(source, 8, end)).getReader();
    await reader.read();
    let answered = false;
    const next = reader.read().then((result) => {
      answered = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(cuts).toBe(1);
    expect(answered).toBe(false);
    await reader.cancel();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
