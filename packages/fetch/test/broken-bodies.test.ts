import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createRateLimit } from "../src/index.ts";
import { createManualTimers } from "./manual-timers.ts";
import { createUrlPuller } from "./pull-url.ts";
import { notPlainRequests } from "./reader.ts";
import { askedRange, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const bytes = createContent(300_000, 11);
const digest = digestBytes(bytes);

/** Whether a request is the first look of a pull, which asks for one byte. */
const isProbe = (range: string | undefined): boolean => range === "bytes=0-0";

describe("a body that breaks", () => {
  for (const end of ["resetAndDestroy", "end"] as const) {
    const row = end === "end" ? "row 71" : "row 70";
    it(`${row}: goes on where it stopped after the connection's ${end === "end" ? "early end" : "reset"}`, async () => {
      let cuts = 2;
      await using server = await startRawServer((request, socket) => {
        if (isProbe(request.headers["range"]) || cuts === 0)
          return sendFile(request, socket, bytes);
        cuts -= 1;
        const { start } = askedRange(request, bytes.length) ?? { start: 0 };
        sendRaw(socket, {
          status: start === 0 ? 200 : 206,
          headers: {
            etag: '"one"',
            "content-length": bytes.length - start,
            "content-range":
              start === 0 ? undefined : `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
          },
          body: bytes.subarray(start, start + 100_000),
        });
        puller.afterWrites(() => socket[end]());
      });
      await using puller = await createUrlPuller();
      const result = await puller.pull(`${server.origin}/model.gguf`);
      expect(result).toMatchObject({ name: "model", bytesReused: 0 });
      expect(await puller.bytesOf(result)).toEqual(bytes);
      const [, , second, third] = server.requests.map(({ headers }) => headers);
      expect(second?.["range"]).toMatch(/^bytes=[1-9]\d*-299999$/);
      expect(second?.["if-range"]).toBe('"one"');
      expect(third?.["range"]).toMatch(/^bytes=[1-9]\d*-299999$/);
      expect(puller.events.filter(({ kind }) => kind === "retry")).toHaveLength(2);
    });
  }

  it("row 72: is noticed where HTTP itself sees no cut: no length, connection closed", async () => {
    let cuts = notPlainRequests;
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"]) || cuts === 0) return sendFile(request, socket, bytes);
      cuts -= 1;
      const headers = { etag: '"one"', "content-length": undefined };
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 90_000), version: "1.0" });
      socket.end();
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    expect(server.requests.at(-1)?.headers["range"]).toBe("bytes=90000-299999");
  });

  it("is refused where neither length nor digest could tell a cut", async () => {
    await using server = await startRawServer((_request, socket) => {
      sendRaw(socket, { status: 200, headers: { "content-length": undefined }, body: bytes });
      socket.end();
    });
    await using puller = await createUrlPuller();
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(error.hint).toContain("digest");
    const result = await puller.pull(`${server.origin}/model.gguf`, { digest });
    expect(await puller.bytesOf(result)).toEqual(bytes);
  });

  it("of unknown length is found out by the digest when it was cut", async () => {
    await using server = await startRawServer((_request, socket) => {
      const body = bytes.subarray(0, 200_000);
      sendRaw(socket, { status: 200, headers: { "content-length": undefined }, body });
      socket.end();
    });
    await using puller = await createUrlPuller();
    await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`, { digest }),
      "ERR_STORE_BLOB_DIGEST_MISMATCH",
    );
    expect(await puller.listBlobs()).toEqual([]);
  });

  it("of a chunked answer may have any length, and its cut is noticed", async () => {
    let cuts = 1;
    await using server = await startRawServer((_request, socket) => {
      const headers = { "transfer-encoding": "chunked", "content-length": undefined };
      sendRaw(socket, { status: 200, headers });
      socket.write("10000\r\n");
      socket.write(bytes.subarray(0, 0x10000));
      socket.write("\r\n");
      cuts -= 1;
      if (cuts === 0) socket.destroy();
      else socket.write("0\r\n\r\n");
    });
    await using puller = await createUrlPuller();
    // The probe, then the requests of the first attempt.
    cuts = 1 + notPlainRequests;
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes.subarray(0, 0x10000));
    expect(puller.pauses).toHaveLength(1);
  });

  it("leaves nothing behind where nobody could ever go on with it", async () => {
    await using server = await startRawServer((request, socket) => {
      const headers = { etag: undefined, "content-length": bytes.length };
      if (isProbe(request.headers["range"]))
        return sendFile(request, socket, bytes, { etag: undefined });
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 200_000) });
      puller.afterWrites(() => socket.destroy());
      return undefined;
    });
    await using puller = await createUrlPuller();
    await expectStoreError(puller.pull(`${server.origin}/model.gguf`), "ERR_STORE_UPSTREAM_ERROR");
    expect(puller.events.filter(({ kind }) => kind === "retry")).toHaveLength(4);
    expect(await readdir(join(puller.store.root, "blobs"))).toEqual([]);
  });

  it("is cut off when it brings more than it announced", async () => {
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"])) return sendFile(request, socket, bytes);
      const headers = {
        "transfer-encoding": "chunked",
        "content-length": undefined,
        etag: '"one"',
      };
      sendRaw(socket, { status: 200, headers });
      socket.write(`${(bytes.length + 1).toString(16)}\r\n`);
      socket.write(bytes);
      socket.write("x\r\n0\r\n\r\n");
      return undefined;
    });
    await using puller = await createUrlPuller();
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(error.message).toContain("more than");
    expect(await puller.listBlobs()).toEqual([]);
  });

  it("row 81: that stalls is given up and continued", async () => {
    let stalls = 1;
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"]) || stalls === 0)
        return sendFile(request, socket, bytes);
      stalls -= 1;
      sendRaw(socket, {
        status: 200,
        headers: { "content-length": bytes.length, etag: '"one"' },
        body: bytes.subarray(0, 50_000),
      });
      puller.afterWrites(() => {
        // Whenever it is that the reader begins to wait for more.
        const clock = setInterval(() => {
          if (puller.events.some(({ kind }) => kind === "retry")) clearInterval(clock);
          else timers.pass(150);
        }, 5);
      });
      return undefined;
    });
    const timers = createManualTimers();
    await using puller = await createUrlPuller({ idleTimeoutMs: 150, timers }, timers);
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    expect(puller.events.find(({ kind }) => kind === "retry")).toMatchObject({
      code: "ERR_STORE_UPSTREAM_TIMEOUT",
    });
    expect(server.requests.at(-1)?.headers["range"]).toMatch(/^bytes=[1-9]/);
  });

  it("row 81: that never starts is a timeout with the server's name in it", async () => {
    const timers = createManualTimers();
    await using server = await startRawServer(() => timers.pass(50));
    const retry = { attemptsMax: 2 };
    await using puller = await createUrlPuller({ idleTimeoutMs: 50, retry, timers }, timers);
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_TIMEOUT",
    );
    expect(error.message).toContain(server.origin);
    expect(server.requests).toHaveLength(2);
  });
});

it("a body under a limit comes in steps, each followed by its pause", async () => {
  await using server = await startRawServer((request, socket) => sendFile(request, socket, bytes));
  await using puller = await createUrlPuller();
  const { timers } = puller.store.ports;
  const rateLimit = createRateLimit(400_000, timers);
  const result = await puller.pull(`${server.origin}/model.gguf`, { rateLimit });
  expect(await puller.bytesOf(result)).toEqual(bytes);
  expect(puller.pauses.length).toBeGreaterThan(4);
  // The clock goes on by itself, so the sum of pauses is a little more than the limit asks for.
  expect(Math.max(...puller.pauses)).toBeGreaterThan(600);
});

describe("a body with the wrong bytes", () => {
  it("row 80: goes to quarantine, becomes no blob, and leaves the way free for the right ones", async () => {
    let wrong = true;
    const damaged = bytes.slice();
    damaged[123_456] = (damaged[123_456] ?? 0) ^ 1;
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, wrong ? damaged : bytes),
    );
    await using puller = await createUrlPuller();
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`, { digest }),
      "ERR_STORE_BLOB_DIGEST_MISMATCH",
    );
    expect(error.kind).toBe("corrupt");
    expect(await puller.listBlobs()).toEqual([]);
    const quarantined = await readdir(join(puller.store.root, "locks", "quarantine"));
    expect(quarantined.some((name) => name.endsWith(".bin"))).toBe(true);
    wrong = false;
    const result = await puller.pull(`${server.origin}/model.gguf`, { digest });
    expect(result.files[0]?.digest).toBe(digest);
  });

  it("row 85: is refused while it is encoded, although it would decode to the right ones", async () => {
    const encoded = gzipSync(bytes);
    await using server = await startRawServer((request, socket) =>
      isProbe(request.headers["range"])
        ? sendFile(request, socket, bytes)
        : sendRaw(socket, {
            status: 200,
            headers: {
              etag: '"one"',
              "content-encoding": "gzip",
              "content-length": undefined,
              "transfer-encoding": "chunked",
            },
            body: Buffer.concat([
              Buffer.from(`${encoded.length.toString(16)}\r\n`),
              encoded,
              Buffer.from("\r\n0\r\n\r\n"),
            ]),
          }),
    );
    await using puller = await createUrlPuller();
    await expectStoreError(puller.pull(`${server.origin}/model.gguf`), "ERR_STORE_UPSTREAM_ERROR");
    // `fetch` adds the word once more to requests with a range.
    for (const { headers } of server.requests) {
      expect(headers["accept-encoding"]).toMatch(/^identity(, identity)?$/);
    }
    expect(await puller.listBlobs()).toEqual([]);
  });

  it("row 79: is refused when it is a web page", async () => {
    const page = new TextEncoder().encode("<html>log in</html>");
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, {
        status: 200,
        headers: { "content-type": "text/html; charset=utf-8" },
        body: page,
      }),
    );
    await using puller = await createUrlPuller();
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(error.message).toContain("web page");
    const result = await puller.pull(`${server.origin}/page.html`);
    expect(await puller.bytesOf(result)).toEqual(page);
  });
});
