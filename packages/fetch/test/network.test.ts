import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createUrlSource, systemTimers } from "../src/index.ts";
import { createUrlPuller } from "./pull-url.ts";
import { reader } from "./reader.ts";
import { sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const bytes = createContent(50_000, 21);
const digest = digestBytes(bytes);

/** Through a proxy, nobody can tell whether the server or the proxy says so. */
const refusalByProxy =
  reader === "proxy" ? "ERR_STORE_PROXY_AUTH_REQUIRED" : "ERR_STORE_UPSTREAM_ERROR";

describe("a server that refuses", () => {
  const cases: readonly (readonly [
    status: number,
    code: `ERR_STORE_${string}`,
    requests: number,
  ])[] = [
    [400, "ERR_STORE_UPSTREAM_ERROR", 1],
    [401, "ERR_STORE_AUTH_REQUIRED", 1],
    [403, "ERR_STORE_AUTH_REFUSED", 1],
    [404, "ERR_STORE_MODEL_NOT_FOUND", 1],
    // `fetch` itself turns this one into a failed connection, which is tried again.
    [407, refusalByProxy, reader === "fetch" ? 3 : 1],
    [410, "ERR_STORE_MODEL_NOT_FOUND", 1],
    [429, "ERR_STORE_RATE_LIMITED", 3],
    [500, "ERR_STORE_UPSTREAM_ERROR", 3],
    [503, "ERR_STORE_UPSTREAM_ERROR", 3],
  ];
  for (const [status, code, requests] of cases) {
    it(`with ${status} is ${code} after ${requests} request${requests === 1 ? "" : "s"}`, async () => {
      const page = new TextEncoder().encode("<html>no</html>");
      await using server = await startRawServer((_request, socket) =>
        sendRaw(socket, { status, headers: { "content-type": "text/html" }, body: page }),
      );
      await using puller = await createUrlPuller({ retry: { attemptsMax: 3 } });
      await expectStoreError(puller.pull(`${server.origin}/model.gguf?key=secret`), code);
      expect(server.requests).toHaveLength(requests);
      expect(await puller.listBlobs()).toEqual([]);
    });
  }

  it("row 79: in the middle of a transfer never gets its error page into the file", async () => {
    let failures = 2;
    await using server = await startRawServer((request, socket) => {
      if (request.headers["range"] === "bytes=0-0" || failures === 0) {
        return sendFile(request, socket, bytes);
      }
      failures -= 1;
      const body = createContent(bytes.length, 99);
      return sendRaw(socket, { status: 502, headers: { "content-type": "text/html" }, body });
    });
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(result.files[0]?.digest).toBe(digest);
  });

  it("says nothing of the query or of credentials in its error", async () => {
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 404 }),
    );
    await using puller = await createUrlPuller();
    const url = `${server.origin.replace("//", "//user:hunter2@")}/model.gguf?signature=hunter2`;
    const error = await expectStoreError(puller.pull(url), "ERR_STORE_MODEL_NOT_FOUND");
    expect(JSON.stringify(error) + String(error.stack)).not.toContain("hunter2");
    expect(server.requests[0]?.headers["authorization"]).toBe(`Basic ${btoa("user:hunter2")}`);
    expect(server.requests[0]?.target).toBe("/model.gguf?signature=hunter2");
  });
});

describe("the place of a file", () => {
  it("is its URL, unless that opens more than everybody may see", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes),
    );
    const source = createUrlSource();
    const url = `${server.origin}/dir/model.gguf`;
    expect((await source.resolve(url))?.place).toBe(url);
    expect((await source.resolve(`${url}?signature=x`))?.place).toBeUndefined();
    const withUser = url.replace("//", "//user:pass@");
    expect((await source.resolve(withUser))?.place).toBeUndefined();
  });
});

describe("a header that cannot be sent", () => {
  it("is a programmer's error that does not repeat its value", async () => {
    await using server = await startRawServer(() => {});
    await using puller = await createUrlPuller({ headers: { "x-api-key": "hunter2\n" } });
    const error: unknown = await puller.pull(`${server.origin}/m.gguf`).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain("x-api-key");
    expect(String(error)).not.toContain("hunter2");
  });
});

describe("a redirect", () => {
  it("row 84: in a loop is given up", async () => {
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 302, headers: { location: "/model.gguf" } }),
    );
    await using puller = await createUrlPuller();
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(error.message).toContain("more than 10 redirects");
    expect(server.requests).toHaveLength(11);
  });

  for (const location of [
    "file:///etc/passwd",
    "data:text/plain,hello",
    "ftp://127.0.0.1/x",
    "http://user:pass@127.0.0.1/x",
    "http://[::1",
  ]) {
    it(`row 84: to ${location} is refused`, async () => {
      await using server = await startRawServer((_request, socket) =>
        sendRaw(socket, { status: 302, headers: { location } }),
      );
      await using puller = await createUrlPuller();
      await expectStoreError(
        puller.pull(`${server.origin}/model.gguf`),
        "ERR_STORE_UPSTREAM_ERROR",
      );
      expect(server.requests).toHaveLength(1);
    });
  }

  it("row 84: from https to http is refused", async () => {
    const asked: string[] = [];
    await using puller = await createUrlPuller({
      async fetch(input) {
        asked.push(input instanceof Request ? input.url : input.toString());
        return new Response(null, { status: 302, headers: { location: "http://other.example/x" } });
      },
    });
    await expectStoreError(puller.pull("https://some.example/x"), "ERR_STORE_UPSTREAM_ERROR");
    expect(asked).toEqual(["https://some.example/x"]);
  });

  it("row 84: to another origin takes no secret along, nor on the way back", async () => {
    const secret = "hunter2";
    await using home = await startRawServer((request, socket) =>
      request.target.startsWith("/back")
        ? sendFile(request, socket, bytes)
        : sendRaw(socket, { status: 307, headers: { location: `${foreign.origin}/there` } }),
    );
    await using foreign = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 302, headers: { location: `${home.origin}/back` } }),
    );
    await using puller = await createUrlPuller({
      headers: { authorization: `Bearer ${secret}`, "X-Api-Key": secret, cookie: secret },
    });
    const result = await puller.pull(`${home.origin}/model.gguf`);
    expect(result.files[0]?.digest).toBe(digest);
    expect(JSON.stringify(home.requests[0])).toContain(secret);
    expect(JSON.stringify(foreign.requests)).not.toContain(secret);
    expect(JSON.stringify(home.requests.filter(({ target }) => target === "/back"))).not.toContain(
      secret,
    );
    expect(foreign.requests[0]?.headers["range"]).toBe("bytes=0-0");
  });

  it("within an origin keeps what belongs to it", async () => {
    await using server = await startRawServer((request, socket) =>
      request.target === "/new"
        ? sendFile(request, socket, bytes)
        : sendRaw(socket, { status: 301, headers: { location: "new" } }),
    );
    await using puller = await createUrlPuller({ headers: { "x-api-key": "k" } });
    await puller.pull(`${server.origin}/model.gguf`);
    expect(server.requests.every(({ headers }) => headers["x-api-key"] === "k")).toBe(true);
  });

  it("is shown to the policy, hop by hop, before it is followed", async () => {
    await using foreign = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes),
    );
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 302, headers: { location: `${foreign.origin}/x` } }),
    );
    const seen: string[] = [];
    const refusal = new Error("not there");
    await using puller = await createUrlPuller({
      checkUrl(url, { redirects, from }) {
        seen.push(`${redirects} ${from?.origin ?? "-"} ${url.origin}`);
        if (redirects > 0) throw refusal;
      },
    });
    await expect(puller.pull(`${server.origin}/model.gguf`)).rejects.toBe(refusal);
    expect(seen).toEqual([`0 - ${server.origin}`, `1 ${server.origin} ${foreign.origin}`]);
    expect(foreign.requests).toEqual([]);
  });

  it("is walked again from the start when the place it leads to fails", async () => {
    const large = createContent(20 * 1024 * 1024, 23);
    const largeDigest = digestBytes(large);
    let failing = 1;
    await using broken = await startRawServer((request, socket) => {
      if (request.index === 0) return sendFile(request, socket, large);
      failing -= 1;
      socket.destroy();
      return undefined;
    });
    await using sound = await startRawServer((request, socket) => sendFile(request, socket, large));
    await using server = await startRawServer((request, socket) => {
      const { origin } = request.index < 2 ? broken : sound;
      return sendRaw(socket, { status: 302, headers: { location: `${origin}/x` } });
    });
    const hops: number[] = [];
    await using puller = await createUrlPuller({
      checkUrl: (url, { redirects }) => void (url.origin === sound.origin && hops.push(redirects)),
    });
    const result = await puller.pull(`${server.origin}/model.gguf`, { connections: 1 });
    expect(result.files[0]?.digest).toBe(largeDigest);
    expect(failing).toBeLessThan(1);
    // Straight to the right place after that, and the policy knows that a redirect led there.
    expect(hops.length).toBeGreaterThan(2);
    expect(new Set(hops)).toEqual(new Set([1]));
    expect(server.requests.length).toBeLessThan(4);
  });

  it("row 79: of an expired signature is walked again from the start", async () => {
    const large = createContent(20 * 1024 * 1024, 22);
    let valid = 1;
    await using storage = await startRawServer((request, socket) => {
      const signature = Number(request.target.split("=")[1]);
      if (signature < valid) return sendRaw(socket, { status: 403 });
      if (request.headers["range"]?.startsWith("bytes=0-4") === true) valid += 1;
      return sendFile(request, socket, large);
    });
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, {
        status: 302,
        headers: { location: `${storage.origin}/x?signature=${valid}` },
      }),
    );
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${server.origin}/model.gguf`, { connections: 1 });
    expect(result.files[0]?.digest).toBe(digestBytes(large));
    // One look, one expired signature; every other range went straight to the storage.
    expect(server.requests.length).toBeLessThan(4);
    expect(puller.pauses).toEqual([]);
  });
});

describe("a name that another model has", () => {
  it("is refused before a large file of unknown content is fetched for it", async () => {
    const large = 20 * 1024 * 1024;
    await using server = await startRawServer((request, socket) => {
      if (request.target.startsWith("/a/")) return sendFile(request, socket, bytes);
      const headers = { "content-range": `bytes 0-0/${large}` };
      return sendRaw(socket, { status: 206, headers, body: bytes.subarray(0, 1) });
    });
    await using puller = await createUrlPuller();
    await puller.pull(`${server.origin}/a/model.gguf`);
    const asked = server.requests.length;
    await expectStoreError(puller.pull(`${server.origin}/b/model.gguf`), "ERR_STORE_NAME_CONFLICT");
    expect(server.requests).toHaveLength(asked + 1);
  });
});

describe("a network that fails", () => {
  it("row 86: to find the host is tried again, then told", async () => {
    await using puller = await createUrlPuller({ retry: { attemptsMax: 2 } });
    const error = await expectStoreError(
      puller.pull("http://store-test.invalid/model.gguf"),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(error.detail).toMatchObject({ transient: true });
    expect(puller.pauses).toHaveLength(1);
  });

  // A proxy, and a caller's `fetch`, look names up themselves.
  if (reader === "sockets") {
    it("row 86: to find the host, then finds it, is tried again", async () => {
      await using server = await startRawServer((request, socket) =>
        sendFile(request, socket, bytes),
      );
      let failures = 2;
      const resolver = async (): Promise<readonly string[]> => {
        failures -= 1;
        if (failures < 0) return ["127.0.0.1"];
        throw Object.assign(new Error("try again"), { code: "EAI_AGAIN" });
      };
      await using puller = await createUrlPuller({ resolver });
      const url = server.origin.replace("127.0.0.1", "models.example");
      const result = await puller.pull(`${url}/model.gguf`);
      expect(result.files[0]?.digest).toBe(digest);
      expect(puller.pauses).toHaveLength(2);
    });
  }

  it("with interim answers without end is given up", async () => {
    await using server = await startRawServer((_request, socket) => {
      const drip = setInterval(() => socket.write("HTTP/1.1 102 Processing\r\n\r\n"), 10);
      socket.on("close", () => clearInterval(drip));
    });
    await using puller = await createUrlPuller({ idleTimeoutMs: 100, retry: { attemptsMax: 1 } });
    await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_TIMEOUT",
    );
  });

  it("to connect is tried again, then told", async () => {
    const server = await startRawServer(() => {});
    await server[Symbol.asyncDispose]();
    await using puller = await createUrlPuller({ retry: { attemptsMax: 2 } });
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    const told = { reason: "ECONNREFUSED", transient: true };
    expect(error.detail).toMatchObject(reader === "proxy" ? { status: 502 } : told);
  });

  it("because it is switched off sends nothing", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes),
    );
    await using puller = await createUrlPuller({ offline: true });
    await expectStoreError(puller.pull(`${server.origin}/model.gguf`), "ERR_STORE_OFFLINE");
    expect(server.requests).toEqual([]);
    expect(puller.pauses).toEqual([]);
  });

  it("with answers that are no HTTP is an error that names the reason", async () => {
    await using server = await startRawServer((_request, socket) => {
      socket.end("HTTP/1.1 2OO Okay\r\n\r\n");
    });
    await using puller = await createUrlPuller({ retry: { attemptsMax: 1 } });
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(error.detail["reason"]).toMatch(/^HPE_|^HTTPParserError$/);
  });

  it("with headers without end is given up", async () => {
    await using server = await startRawServer((_request, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(200_000)}\r\n\r\n`);
    });
    await using puller = await createUrlPuller({ retry: { attemptsMax: 1 } });
    await expectStoreError(puller.pull(`${server.origin}/model.gguf`), "ERR_STORE_UPSTREAM_ERROR");
  });

  it("row 82: byte by byte is given up after a minute of waiting", async () => {
    // Every look at this clock finds ten seconds gone.
    let nowMs = 0;
    const timers = {
      ...systemTimers,
      elapsedMs: () => (nowMs += 10_000),
      sleep: async () => {},
    };
    await using server = await startRawServer((request, socket) => {
      if (request.headers["range"] === "bytes=0-0") return sendFile(request, socket, bytes);
      const headers = { "content-length": bytes.length, etag: '"one"' };
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 0) });
      let at = 0;
      const drip = setInterval(() => socket.write(bytes.subarray(at, ++at)), 5);
      socket.on("close", () => clearInterval(drip));
      return undefined;
    });
    await using puller = await createUrlPuller({ timers, retry: { attemptsMax: 1 } });
    const error = await expectStoreError(
      puller.pull(`${server.origin}/model.gguf`, { retry: { attemptsMax: 1 } }),
      "ERR_STORE_UPSTREAM_TIMEOUT",
    );
    expect(error.message).toMatch(/only \d+ bytes/);
  });
});

describe("a caller who aborts", () => {
  // Too large to be taken through memory; what comes of it fills a buffer.
  const large = createContent(300_000, 22);

  it("gets the reason back, at whichever request, and loses nothing that was recorded", async () => {
    for (let at = 0; at < 3; at++) {
      const controller = new AbortController();
      const reason = new Error("enough");
      await using server = await startRawServer((request, socket) => {
        if (request.index === at) {
          controller.abort(reason);
          return undefined;
        }
        if (request.index === 1) {
          sendRaw(socket, {
            status: 200,
            headers: { "content-length": large.length, etag: '"one"' },
            body: large.subarray(0, 100_000),
          });
          puller.afterWrites(() => socket.destroy());
          return undefined;
        }
        return sendFile(request, socket, large);
      });
      await using puller = await createUrlPuller();
      const url = `${server.origin}/model.gguf`;
      await expect(puller.pull(url, { signal: controller.signal })).rejects.toBe(reason);
      const result = await puller.pull(url, { digest: digestBytes(large) });
      expect(result.files[0]?.digest).toBe(digestBytes(large));
    }
  });

  it("before it begins sends nothing", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes),
    );
    await using puller = await createUrlPuller();
    const reason = new Error("never mind");
    const signal = AbortSignal.abort(reason);
    await expect(puller.pull(`${server.origin}/m.gguf`, { signal })).rejects.toBe(reason);
    expect(server.requests).toEqual([]);
  });
});
