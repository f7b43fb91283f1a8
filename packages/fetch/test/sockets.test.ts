import type { Socket } from "node:net";

import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import type { HttpResponse } from "../src/http/http-client.ts";
import { createSocketClient } from "../src/http/socket/socket-client.ts";
import { systemTimers } from "../src/http/timers.ts";
import { createTrust } from "../src/http/transport/trust.ts";
import { createAddressBook } from "../src/policy/address-book.ts";
import { systemResolver } from "../src/policy/system-resolver.ts";
import { type RawHandler, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const bytes = createContent(3_000_000, 3);

function open(idleTimeoutMs = 5_000): ReturnType<typeof createSocketClient> {
  return createSocketClient({
    timers: systemTimers,
    idleTimeoutMs,
    addresses: createAddressBook(systemResolver, systemTimers),
    trust: createTrust(undefined),
  });
}

async function readAll({ body }: HttpResponse, step: number): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes.length + 1);
  let filled = 0;
  for (let count = -1; count !== 0; filled += count) {
    count = (await body.readInto?.(whole.subarray(filled, filled + step))) ?? 0;
  }
  return whole.subarray(0, filled);
}

/** Counts connections beside what the handler does. */
function counting(handler: RawHandler): { handler: RawHandler; sockets: Set<Socket> } {
  const sockets = new Set<Socket>();
  return {
    sockets,
    handler(request, socket) {
      sockets.add(socket);
      return handler(request, socket);
    },
  };
}

describe("a connection of our own", () => {
  it("puts a body into the caller's memory, whatever the steps, and is used again", async () => {
    const { handler, sockets } = counting((request, socket) => sendFile(request, socket, bytes));
    await using server = await startRawServer(handler);
    const client = open();
    for (const step of [1_000, 65_536, 1_048_576, 4_000_000]) {
      const response = await client.send(new URL(server.origin), {});
      expect(response?.status).toBe(200);
      if (response !== undefined) expect(await readAll(response, step)).toEqual(bytes);
    }
    expect(sockets.size).toBe(1);
  });

  it("waits for a caller who is slow, and loses nothing", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes),
    );
    const response = await open().send(new URL(server.origin), {});
    if (response === undefined) throw new TypeError("no answer");
    const memory = new Uint8Array(100_000);
    const read: Uint8Array[] = [];
    for (let count = -1, left = 3; count !== 0; left -= 1) {
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      count = (await response.body.readInto?.(memory)) ?? 0;
      read.push(memory.slice(0, count));
    }
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  });

  it("is not used again after bytes that nobody asked for", async () => {
    const { handler, sockets } = counting((_request, socket) => {
      sendRaw(socket, { status: 200, body: bytes.subarray(0, 10) });
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    });
    await using server = await startRawServer(handler);
    const client = open();
    for (let round = 0; round < 3; round += 1) {
      const response = await client.send(new URL(server.origin), {});
      if (response === undefined) throw new TypeError("no answer");
      expect(await readAll(response, 100)).toEqual(bytes.subarray(0, 10));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(sockets.size).toBe(3);
  });

  it("that the server closed meanwhile is replaced without a word", async () => {
    const { handler, sockets } = counting((_request, socket) => {
      sendRaw(socket, { status: 200, body: bytes.subarray(0, 10) });
      socket.end();
    });
    await using server = await startRawServer(handler);
    const client = open();
    for (let round = 0; round < 3; round += 1) {
      const response = await client.send(new URL(server.origin), {});
      if (response !== undefined) expect((await readAll(response, 100)).length).toBe(10);
    }
    expect(sockets.size).toBe(3);
  });

  it("hands over what came before a break, then tells it", async () => {
    await using server = await startRawServer((_request, socket) => {
      const headers = { "content-length": 1000 };
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 400) });
      setTimeout(() => socket.resetAndDestroy(), 30);
    });
    const response = await open().send(new URL(server.origin), {});
    const memory = new Uint8Array(1000);
    let filled = 0;
    const reading = (async () => {
      for (;;) filled += (await response?.body.readInto?.(memory.subarray(filled))) ?? 0;
    })();
    const error = await expectStoreError(reading, "ERR_STORE_UPSTREAM_ERROR");
    expect(error.detail).toMatchObject({ reason: "ECONNRESET", transient: true });
    expect(filled).toBe(400);
    expect(memory.subarray(0, 400)).toEqual(bytes.subarray(0, 400));
  });

  it("that says nothing is given up, before an answer and within one", async () => {
    await using silent = await startRawServer(() => {});
    await expectStoreError(open(60).send(new URL(silent.origin), {}), "ERR_STORE_UPSTREAM_TIMEOUT");
    await using halting = await startRawServer((_request, socket) => {
      sendRaw(socket, {
        status: 200,
        headers: { "content-length": 1000 },
        body: bytes.subarray(0, 4),
      });
    });
    const response = await open(60).send(new URL(halting.origin), {});
    if (response === undefined) throw new TypeError("no answer");
    await expectStoreError(readAll(response, 1000), "ERR_STORE_UPSTREAM_TIMEOUT");
  });

  it("whose head comes byte by byte is given up as if it said nothing", async () => {
    await using dripping = await startRawServer((_request, socket) => {
      const drip = setInterval(() => socket.write("x"), 10);
      socket.on("close", () => clearInterval(drip));
    });
    await expectStoreError(
      open(100).send(new URL(dripping.origin), {}),
      "ERR_STORE_UPSTREAM_TIMEOUT",
    );
  });

  it("is closed at once when the caller aborts, and writes to no memory afterwards", async () => {
    await using server = await startRawServer((_request, socket) => {
      const headers = { "content-length": bytes.length };
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 1000) });
      setTimeout(() => socket.write(bytes.subarray(1000)), 50);
    });
    const controller = new AbortController();
    const { signal } = controller;
    const response = await open().send(new URL(server.origin), {}, { signal });
    const memory = new Uint8Array(bytes.length);
    const reading = response?.body.readInto?.(memory);
    setTimeout(() => controller.abort(new Error("enough")), 20);
    // It ends with what had come by then, or with the reason.
    await Promise.allSettled([reading]);
    await expect(response?.body.readInto?.(memory)).rejects.toThrow("enough");
    memory.fill(7);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(memory.every((byte) => byte === 7)).toBe(true);
  });

  it("to a server that answers otherwise than plainly is not tried again", async () => {
    await using server = await startRawServer((_request, socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
    });
    const client = open();
    expect(await client.send(new URL(server.origin), {})).toBeUndefined();
    expect(await client.send(new URL(server.origin), {})).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });
});
