import { createHash } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { chmod, truncate } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Digest } from "@store/layout";

import { createTestDaemon, readToEnd, statusOf, type TestDaemon } from "./support/test-daemon.ts";

const MIB = 1024 * 1024;
/** Larger than what sockets hold on their way over loopback. */
const SIZE = 16 * MIB;
/** Waiting for something to happen, on a machine that may be busy. */
const PATIENCE = { timeout: 20_000, interval: 5 };

let test: TestDaemon;
let digest: Digest;

/** The server's ends of the connections, since there is no other way to see what it holds. */
const accepted = new Set<Socket>();
const onAccept = (message: unknown): void => {
  const { socket } = message as { socket: Socket };
  accepted.add(socket);
  socket.once("close", () => accepted.delete(socket));
};

async function start(limits: Parameters<typeof createTestDaemon>[0] = {}): Promise<void> {
  test = await createTestDaemon(limits);
  const bytes = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += 4096) bytes.writeUInt32LE(at, at);
  digest = await test.store.add(bytes);
}

beforeEach(() => subscribe("net.server.socket", onAccept));
afterEach(async () => {
  unsubscribe("net.server.socket", onAccept);
  await test[Symbol.asyncDispose]();
});

const request = (method = "GET"): string =>
  `${method} /v1/blobs/${digest} HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\n\r\n`;

/** A client that has sent its request and takes nothing. */
async function openSilent(): Promise<Socket> {
  const socket = await test.open();
  socket.on("error", () => {});
  socket.pause();
  socket.write(request());
  return socket;
}

/** Until the server can send no more to any of its clients. */
async function untilFull(count: number): Promise<void> {
  await expect
    .poll(() => [...accepted].filter((socket) => socket.writableNeedDrain).length, PATIENCE)
    .toBe(count);
}

const untilClosed = (): Promise<void> =>
  expect.poll(() => test.store.fs.openFiles, PATIENCE).toBe(0);

function download(headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const url = `${test.url}/v1/blobs/${digest}`;
    get(url, { agent: false, headers }, resolve).once("error", reject);
  });
}

async function hashOf(response: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of response) hash.update(chunk as Uint8Array);
  return `sha256:${hash.digest("hex")}`;
}

describe("a download", () => {
  it("arrives whole, with the size it announced, and leaves no file open", async () => {
    await start();
    const response = await download();
    expect(response.headers["content-length"]).toBe(String(SIZE));
    expect(response.headers["transfer-encoding"]).toBeUndefined();
    expect(await hashOf(response)).toBe(digest);
    expect(test.store.fs.openFiles).toBe(0);
  });

  it("can be resumed where it broke off", async () => {
    await start();
    const cut = 5 * MIB + 17;
    const first = await download({ range: `bytes=0-${cut - 1}` });
    const second = await download({ range: `bytes=${cut}-`, "if-range": `"${digest}"` });
    expect([first.statusCode, second.statusCode]).toEqual([206, 206]);
    const hash = createHash("sha256");
    for (const response of [first, second]) {
      for await (const chunk of response) hash.update(chunk as Uint8Array);
    }
    expect(`sha256:${hash.digest("hex")}`).toBe(digest);
  });

  it("has no body when only its head was asked for", async () => {
    await start();
    const socket = await test.open();
    socket.write(request("HEAD").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    const answer = await readToEnd(socket);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain(`\r\ncontent-length: ${SIZE}\r\n`);
    expect(answer.endsWith("\r\n\r\n")).toBe(true);
    expect(answer.indexOf("\r\n\r\n")).toBe(answer.length - 4);
  });

  it("stops reading, and closes the file, when the client goes away in the middle", async () => {
    await start();
    for (const leave of ["destroy", "resetAndDestroy"] as const) {
      const socket = await openSilent();
      await untilFull(1);
      expect(test.store.fs.openFiles).toBe(1);
      socket[leave]();
      await untilClosed();
      await expect.poll(() => accepted.size, PATIENCE).toBe(0);
    }
    const reads = test.store.fs.calls.filter((call) => call.startsWith("read ")).length;
    expect(reads).toBeLessThan(2 * (SIZE / MIB));
    expect(test.store.events).toEqual([]);
  });

  it("leaves nothing behind when the client ends its side and goes on reading", async () => {
    await start();
    const socket = await openSilent();
    await untilFull(1);
    socket.end();
    socket.resume();
    await readToEnd(socket);
    await untilClosed();
    await expect.poll(() => accepted.size, PATIENCE).toBe(0);
    expect(test.store.events).toEqual([]);
  });

  it("never begins for a client that has gone by then", async () => {
    await start();
    const sockets = await Promise.all(Array.from({ length: 20 }, () => test.open()));
    for (const socket of sockets) {
      socket.write(request());
      socket.resetAndDestroy();
    }
    await expect.poll(() => accepted.size, PATIENCE).toBe(0);
    await untilClosed();
    expect(test.store.events).toEqual([]);
  });

  it("is reset, not ended, when the store cannot go on", async () => {
    await start();
    const socket = await openSilent();
    await untilFull(1);
    const path = test.store.layout.paths.blob(digest);
    await chmod(path, 0o644);
    await truncate(path, SIZE - MIB);
    socket.resume();
    const answer = await readToEnd(socket);
    expect(statusOf(answer)).toBe(200);
    const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
    expect(body.length).toBeLessThan(SIZE);
    expect(body).not.toContain("Error");
    await untilClosed();
    expect(test.store.events).toMatchObject([{ event: "blob-cut", digest }]);
  });
});

describe("many downloads at once", () => {
  const COUNT = 50;

  it("hold one chunk each while their clients are slow, and all arrive", async () => {
    await start();
    const sockets = await Promise.all(Array.from({ length: COUNT }, openSilent));
    await untilFull(COUNT);
    expect(test.store.fs.openFiles).toBe(COUNT);
    for (const socket of accepted) expect(socket.writableLength).toBeLessThanOrEqual(MIB + 4096);
    // What was read is in the sockets or was never read: nothing lies anywhere between.
    const reads = test.store.fs.calls.filter((call) => call === dataRead()).length;
    const sent = [...accepted].reduce((sum, socket) => sum + socket.bytesWritten, 0);
    expect(reads * MIB).toBeLessThanOrEqual(sent + COUNT * 4096);
    expect(reads).toBeLessThan((COUNT * SIZE) / MIB / 2);
    const hashes = await Promise.all(
      sockets.map((socket) => {
        const hash = createHash("sha256");
        let head = "";
        let left = SIZE;
        return new Promise<string>((resolve) => {
          socket.on("data", (chunk: Buffer) => {
            let body = chunk;
            if (!head.includes("\r\n\r\n")) {
              head += chunk.toString("latin1");
              const end = head.indexOf("\r\n\r\n");
              if (end < 0) return;
              body = Buffer.from(head.slice(end + 4), "latin1");
            }
            hash.update(body);
            left -= body.length;
            if (left === 0) resolve(`sha256:${hash.digest("hex")}`);
          });
          socket.resume();
        });
      }),
    );
    expect(new Set(hashes)).toEqual(new Set([digest]));
    for (const socket of sockets) socket.destroy();
    await untilClosed();
  });

  const dataRead = (): string => `read ${test.store.layout.paths.blob(digest)}`;
});

describe("a client that takes up room", () => {
  it("is cut when it takes nothing of a download for too long", async () => {
    await start({ stallMs: 100 });
    await openSilent();
    await expect.poll(() => accepted.size, PATIENCE).toBe(1);
    await expect.poll(() => accepted.size, PATIENCE).toBe(0);
    await untilClosed();
  });

  it("is not cut while it waits for us", async () => {
    await start({ stallMs: 50 });
    const { promise, release } = createGate();
    const { blobs } = test.store.options;
    const stat = blobs.stat.bind(blobs);
    Object.assign(blobs, {
      stat: async (...args: Parameters<typeof stat>) => {
        await promise;
        return stat(...args);
      },
    });
    const socket = await test.open();
    socket.write(request("HEAD").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    const answer = readToEnd(socket);
    // The server looks for stalled clients at least this often in that time.
    await new Promise((resolve) => setTimeout(resolve, 300));
    release();
    expect(statusOf(await answer)).toBe(200);
  });

  it("is refused when it sends its fields too slowly, or nothing at all", async () => {
    await start({ headersMs: 150, checkMs: 20 });
    const slow = await test.open();
    slow.write("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ");
    const drip = setInterval(() => slow.write("x"), 10);
    const mute = await test.open();
    const answers = await Promise.all([readToEnd(slow), readToEnd(mute)]);
    clearInterval(drip);
    for (const answer of answers) expect([undefined, 408]).toContain(statusOf(answer));
  });

  it("is let go when it keeps a connection it does not use", async () => {
    await start({ keepAliveMs: 50 });
    const socket = await test.open();
    socket.write(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\n\r\n`);
    expect(statusOf(await readToEnd(socket))).toBe(200);
  });

  it("makes room for others when there are many of its kind", async () => {
    await start({ connectionsMax: 8 });
    const idle = await Promise.all(Array.from({ length: 40 }, () => test.open()));
    for (const socket of idle) {
      socket.on("error", () => {});
      socket.write("GET /health HTTP/1.1\r\nX: ");
    }
    expect(await hashOf(await download())).toBe(digest);
    expect(accepted.size).toBeLessThanOrEqual(8);
    for (const socket of idle) socket.destroy();
  });
});

describe("the end of the daemon", () => {
  it("lets a download finish and takes no new connection meanwhile", async () => {
    await start();
    const response = await download();
    const idle = await test.open();
    idle.on("error", () => {});
    const closing = test.daemon.close({ graceMs: 60_000 });
    await expect(test.open()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await readToEnd(idle);
    expect(await hashOf(response)).toBe(digest);
    await closing;
    expect(test.store.fs.openFiles).toBe(0);
  });

  it("ends connections kept alive with the answer they are busy with", async () => {
    await start({ keepAliveMs: 60_000 });
    const socket = await openSilent();
    await untilFull(1);
    const closing = test.daemon.close({ graceMs: 60_000 });
    socket.resume();
    await readToEnd(socket);
    await closing;
  });

  it("cuts what does not finish in time", async () => {
    await start();
    const socket = await openSilent();
    await untilFull(1);
    await test.daemon.close({ graceMs: 20 });
    await expect.poll(() => accepted.size, PATIENCE).toBe(0);
    await untilClosed();
    socket.destroy();
  });
});

function createGate() {
  let release!: () => void;
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { promise, release };
}
