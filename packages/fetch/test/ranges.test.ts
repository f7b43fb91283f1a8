import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createUrlPuller } from "./pull-url.ts";
import { notPlainRequests } from "./reader.ts";
import { askedRange, type RawAnswer, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const bytes = createContent(300_000, 12);
const digest = digestBytes(bytes);
const size = bytes.length;

/** Large enough for three pieces, so that several connections are used. */
const large = createContent(20 * 1024 * 1024, 13);
const largeDigest = digestBytes(large);

const isProbe = (range: string | undefined): boolean => range === "bytes=0-0";

/** Sends the first part of a file as a whole answer, then breaks the connection. */
const cutAnswer = (headers: RawAnswer["headers"], received: number): RawAnswer => ({
  status: 200,
  headers: { "content-length": size, ...headers },
  body: bytes.subarray(0, received),
});

describe("ranges", () => {
  it("of a large file are asked for once each, in pieces", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, large),
    );
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(result.files[0]?.digest).toBe(largeDigest);
    const ranges = server.requests.slice(1).map((request) => askedRange(request, large.length));
    expect(ranges.length).toBeGreaterThan(2);
    let end = 0;
    for (const range of ranges.toSorted((a, b) => (a?.start ?? 0) - (b?.start ?? 0))) {
      expect(range?.start).toBe(end);
      end = range?.end ?? 0;
    }
    expect(end).toBe(large.length);
  });

  it("row 74: that the server ignores from the start come in one stream", async () => {
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 200, headers: { etag: '"one"' }, body: large }),
    );
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(result.files[0]?.digest).toBe(largeDigest);
    expect(server.requests).toHaveLength(2);
    expect(result.bytesFetched).toBe(large.length);
  });

  it("row 74: that the server ignores when a transfer goes on are skipped, never appended", async () => {
    let cuts = 1;
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"]) || cuts === 0) {
        return sendRaw(socket, { status: 200, headers: { etag: '"one"' }, body: bytes });
      }
      cuts -= 1;
      sendRaw(socket, cutAnswer({ etag: '"one"' }, 120_000));
      puller.afterWrites(() => socket.destroy());
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    expect(result.bytesFetched).toBe(size);
  });

  it("row 74: that the server suddenly ignores on one of several connections do no harm", async () => {
    await using server = await startRawServer((request, socket) => {
      const { start } = askedRange(request, large.length) ?? { start: 0 };
      if (start < 16 * 1024 * 1024) return sendFile(request, socket, large);
      sendRaw(socket, { status: 200, headers: { etag: '"one"' }, body: large });
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`, { digest: largeDigest });
    expect(result.files[0]?.digest).toBe(largeDigest);
    expect(result.bytesFetched).toBe(large.length);
  });

  const wrongAnswers: Readonly<Record<string, (start: number) => RawAnswer["headers"]>> = {
    "another start": (start) => ({ "content-range": `bytes ${start - 1}-${size - 2}/${size}` }),
    "an end beyond the one asked for": (start) => ({
      "content-range": `bytes ${start}-${size}/${size + 1}`,
    }),
    "no Content-Range": () => ({ "content-range": undefined }),
    "an unknown total": (start) => ({ "content-range": `bytes ${start}-${size - 1}/*` }),
    "another unit": (start) => ({ "content-range": `items ${start}-${size - 1}/${size}` }),
    "a start behind the end": (start) => ({ "content-range": `bytes ${size}-${start}/${size}` }),
    "two Content-Range headers": (start) => ({
      "content-range": `bytes ${start}-${size - 1}/${size}\r\nContent-Range: bytes 0-9/${size}`,
    }),
    "several parts": () => ({
      "content-range": undefined,
      "content-type": "multipart/byteranges; boundary=x",
    }),
    "another length than its range": (start) => ({
      "content-range": `bytes ${start}-${size - 2}/${size}`,
    }),
  };
  for (const [name, headers] of Object.entries(wrongAnswers)) {
    it(`row 75: in a partial answer with ${name} are refused and asked for again`, async () => {
      // Two headers are no plain answer.
      let wrong = name.startsWith("two ") ? 1 + notPlainRequests : 2;
      let cuts = 1;
      await using server = await startRawServer((request, socket) => {
        const range = askedRange(request, size);
        if (isProbe(request.headers["range"])) return sendFile(request, socket, bytes);
        if (cuts > 0) {
          cuts -= 1;
          sendRaw(socket, cutAnswer({ etag: '"one"' }, 120_000));
          puller.afterWrites(() => socket.destroy());
          return undefined;
        }
        if (range === undefined || wrong === 0) return sendFile(request, socket, bytes);
        wrong -= 1;
        const body = bytes.subarray(range.start);
        return sendRaw(socket, {
          status: 206,
          headers: { etag: '"one"', ...headers(range.start) },
          body,
        });
      });
      await using puller = await createUrlPuller();
      const result = await puller.pull(`${server.origin}/model.gguf`);
      expect(await puller.bytesOf(result)).toEqual(bytes);
      expect(wrong).toBe(0);
      expect(puller.pauses).toHaveLength(3);
    });
  }

  it("row 75: are refused in the end where every partial answer is wrong", async () => {
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"])) return sendFile(request, socket, large);
      const body = large.subarray(0, 1000);
      return sendRaw(socket, {
        status: 206,
        headers: { "content-range": "bytes 5-1004/20971520" },
        body,
      });
    });
    await using puller = await createUrlPuller();
    await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`, { digest: largeDigest }),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(await puller.listBlobs()).toEqual([]);
  });

  it("row 76: nobody asked for are refused", async () => {
    let wrong = 1;
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"]) || wrong === 0) return sendFile(request, socket, bytes);
      wrong -= 1;
      const headers = { "content-range": `bytes 0-99999/${size}`, etag: '"one"' };
      return sendRaw(socket, { status: 206, headers, body: bytes.subarray(0, 100_000) });
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    expect(puller.pauses).toHaveLength(1);
  });

  it("shorter than asked for are completed by further ones", async () => {
    await using server = await startRawServer((request, socket) => {
      const range = askedRange(request, large.length);
      if (range === undefined || isProbe(request.headers["range"])) {
        return sendFile(request, socket, large);
      }
      const end = Math.min(range.end, range.start + 5_000_000);
      const headers = {
        etag: '"one"',
        "content-range": `bytes ${range.start}-${end - 1}/${large.length}`,
      };
      return sendRaw(socket, { status: 206, headers, body: large.subarray(range.start, end) });
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(result.files[0]?.digest).toBe(largeDigest);
    expect(puller.pauses).toEqual([]);
  });

  it("row 77: behind the end of a file of unknown size mean that it is complete", async () => {
    let cuts = 1;
    await using server = await startRawServer((request, socket) => {
      if (askedRange(request, size)?.start === size) {
        return sendRaw(socket, { status: 416, headers: { "content-range": `bytes */${size}` } });
      }
      // All the bytes, but the mark of their end is missing.
      const headers = {
        "transfer-encoding": "chunked",
        "content-length": undefined,
        etag: '"one"',
      };
      sendRaw(socket, { status: 200, headers });
      socket.write(`${size.toString(16)}\r\n`);
      socket.write(bytes);
      cuts -= 1;
      if (!isProbe(request.headers["range"])) puller.afterWrites(() => socket.destroy(), size);
      return undefined;
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    expect(server.requests.at(-1)?.headers["range"]).toBe(`bytes=${size}-`);
  });

  it("row 77: denied by a server that breaks off the whole are an error, and what came is kept", async () => {
    let broken = true;
    let cuts = 0;
    await using server = await startRawServer((request, socket) => {
      if (!broken || isProbe(request.headers["range"])) return sendFile(request, socket, bytes);
      if (askedRange(request, size) !== undefined) {
        return sendRaw(socket, { status: 416, headers: { "content-range": `bytes */${size}` } });
      }
      sendRaw(socket, cutAnswer({ etag: '"one"' }, 200_000));
      cuts += 1;
      // Read once more from its start, it brings nothing that is written.
      if (cuts > 1) socket.end();
      else puller.afterWrites(() => socket.destroy());
      return undefined;
    });
    await using puller = await createUrlPuller();
    await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`, { digest }),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    broken = false;
    const result = await puller.pull(`${server.origin}/model.gguf`, { digest });
    expect(result.bytesReused).toBeGreaterThan(0);
    expect(result.bytesReused + result.bytesFetched).toBe(size);
  });

  it("whose answers are followed by forged ones for the next range come from none of these", async () => {
    const forged = createContent(1024 * 1024, 15);
    await using server = await startRawServer((request, socket) => {
      const asked = askedRange(request, large.length);
      if (asked === undefined || isProbe(request.headers["range"])) {
        return sendFile(request, socket, large);
      }
      const { start, end } = asked;
      const range = (from: number, to: number): RawAnswer["headers"] => ({
        etag: '"one"',
        "content-range": `bytes ${from}-${to - 1}/${large.length}`,
      });
      // In one piece with the end of the body, so that it is there before the next request.
      socket.cork();
      sendRaw(socket, {
        status: 206,
        headers: range(start, end),
        body: large.subarray(start, end),
      });
      const body = forged.subarray(0, large.length - end);
      if (body.length > 0) {
        sendRaw(socket, { status: 206, headers: range(end, end + body.length), body });
      }
      return socket.uncork();
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`, { connections: 1 });
    expect(result.files[0]?.digest).toBe(largeDigest);
  });
});

describe("an empty file", () => {
  it("is pulled although it has no first byte", async () => {
    await using server = await startRawServer((request, socket) =>
      request.headers["range"] === undefined
        ? sendRaw(socket, { status: 200 })
        : sendRaw(socket, { status: 416, headers: { "content-range": "bytes */0" } }),
    );
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/empty.bin`);
    expect(result.files).toMatchObject([{ size: 0, digest: digestBytes(new Uint8Array(0)) }]);
  });
});
