import { setTimeout as pause } from "node:timers/promises";

import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createUrlPuller } from "./pull-url.ts";
import {
  askedRange,
  type RawAnswer,
  type RawServer,
  sendFile,
  sendRaw,
  startRawServer,
} from "./raw-server.ts";

const bytes = createContent(300_000, 12);
const digest = digestBytes(bytes);
const size = bytes.length;

const isProbe = (range: string | undefined): boolean => range === "bytes=0-0";

/** Sends the first part of a file as a whole answer, then breaks the connection. */
const cutAnswer = (headers: RawAnswer["headers"], received: number): RawAnswer => ({
  status: 200,
  headers: { "content-length": size, ...headers },
  body: bytes.subarray(0, received),
});

describe("a file that changes at its source", () => {
  const other = createContent(300_000, 14);

  it("row 78: between two answers is not mixed, and the next pull takes the new one", async () => {
    let changed = false;
    await using server = await startRawServer((request, socket) => {
      if (changed) return sendFile(request, socket, other, { etag: '"two"' });
      if (isProbe(request.headers["range"])) return sendFile(request, socket, bytes);
      changed = true;
      sendRaw(socket, cutAnswer({ etag: '"one"' }, 200_000));
      puller.afterWrites(() => socket.destroy());
      return undefined;
    });
    await using puller = await createUrlPuller();
    await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_CHANGED",
    );
    expect(await puller.listBlobs()).toEqual([]);
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(other);
    expect(result.bytesReused).toBe(0);
  });

  it("in its size is noticed even where nothing was asked for in parts", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, isProbe(request.headers["range"]) ? bytes : other.subarray(1)),
    );
    await using puller = await createUrlPuller();
    await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`, { digest }),
      "ERR_STORE_UPSTREAM_CHANGED",
    );
  });

  it("row 78: in its tag alone loses nothing where the digest is known", async () => {
    await using server = await startRawServer((request, socket) => {
      const etag = `"${request.index}"`;
      const range = askedRange(request, size);
      if (range?.start !== undefined || request.index > 1) {
        return sendFile(request, socket, bytes, { etag });
      }
      sendRaw(socket, cutAnswer({ etag }, 200_000));
      puller.afterWrites(() => socket.destroy());
      return undefined;
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`, { digest });
    expect(result.files[0]?.digest).toBe(digest);
    const later = server.requests.slice(2);
    expect(later).not.toHaveLength(0);
    expect(later.every(({ headers }) => headers["if-range"] === undefined)).toBe(true);
  });

  for (const etag of ['W/"one"', undefined, '""', "one", `"${"x".repeat(4096)}"`]) {
    it(`row 78: begins anew after a cut where its tag is ${etag?.slice(0, 9) ?? "absent"}`, async () => {
      let cuts = 1;
      await using server = await startRawServer((request, socket) => {
        if (isProbe(request.headers["range"])) return sendFile(request, socket, bytes, { etag });
        if (cuts === 0) return sendFile(request, socket, other, { etag });
        cuts -= 1;
        sendRaw(socket, cutAnswer({ etag }, 200_000));
        puller.afterWrites(() => socket.destroy());
        return undefined;
      });
      await using puller = await createUrlPuller();
      const result = await puller.pull(`${server.origin}/model.gguf`);
      expect(await puller.bytesOf(result)).toEqual(other);
      expect(server.requests.every(({ headers }) => headers["if-range"] === undefined)).toBe(true);
      expect(server.requests.at(-1)?.headers["range"]).toBeUndefined();
    });
  }

  it("may be told by a date that is safely in the past", async () => {
    const dates = {
      etag: undefined,
      "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT",
      date: "Tue, 02 Jan 2024 00:00:00 GMT",
    };
    let cuts = 1;
    await using server = await startRawServer((request, socket) => {
      if (isProbe(request.headers["range"]) || cuts === 0) {
        return sendFile(request, socket, bytes, dates);
      }
      cuts -= 1;
      sendRaw(socket, cutAnswer(dates, 200_000));
      puller.afterWrites(() => socket.destroy());
      return undefined;
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    expect(server.requests.at(-1)?.headers["if-range"]).toBe(dates["last-modified"]);
  });

  describe("row 78: between two parts over several connections", () => {
    const first = createContent(20 * 1024 * 1024, 13);
    const second = createContent(first.length, 16);

    const startChangingServer = (): Promise<RawServer> =>
      startRawServer(async (request, socket) => {
        // As from far away, where several connections are used from the start.
        await pause(30);
        const { start } = askedRange(request, first.length) ?? { start: 0 };
        return start < 8 * 1024 * 1024
          ? sendFile(request, socket, first)
          : sendFile(request, socket, second, { etag: '"two"' });
      });

    it("is told by its tag", async () => {
      await using server = await startChangingServer();
      await using puller = await createUrlPuller();
      await expectStoreError(
        puller.pull(`${server.origin}/model.gguf`, { connections: 4 }),
        "ERR_STORE_UPSTREAM_CHANGED",
      );
      expect(await puller.listBlobs()).toEqual([]);
    });

    it("is told by its digest", async () => {
      await using server = await startChangingServer();
      await using puller = await createUrlPuller();
      await expectStoreError(
        puller.pull(`${server.origin}/model.gguf`, { digest: digestBytes(first), connections: 4 }),
        "ERR_STORE_BLOB_DIGEST_MISMATCH",
      );
      expect(await puller.listBlobs()).toEqual([]);
      expect(server.connections).toBeGreaterThan(2);
    });
  });
});
