import { connect } from "node:net";
import { networkInterfaces } from "node:os";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createContent } from "@store/layout/testing";

import { createTestDaemon, statusOf, type TestDaemon } from "./support/test-daemon.ts";

let test: TestDaemon;
let host: string;
let blob: string;

beforeAll(async () => {
  test = await createTestDaemon();
  host = `127.0.0.1:${test.port}`;
  blob = `/v1/blobs/${await test.store.add(createContent(1000))}`;
});

afterAll(() => test[Symbol.asyncDispose]());

/** The status of a request that asks for its connection to be closed. */
async function ask(line: string, ...fields: readonly string[]): Promise<number | undefined> {
  const head = [line, ...fields, "Connection: close"].join("\r\n");
  return statusOf(await test.send(`${head}\r\n\r\n`));
}

describe("the addresses", () => {
  it("are those of loopback, with one port", () => {
    expect(test.daemon.urls[0]).toBe(`http://127.0.0.1:${test.port}`);
    for (const url of test.daemon.urls.slice(1)) expect(url).toBe(`http://[::1]:${test.port}`);
  });

  const others = Object.values(networkInterfaces())
    .flat()
    .filter((info) => info !== undefined && !info.internal && info.scopeid !== 0)
    .map((info) => info?.address ?? "")
    .filter((address) => !address.startsWith("fe80"));
  // Any other address of 127/8 is this machine's too, on Linux.
  if (process.platform === "linux") others.push("127.0.0.2");
  const title = "are no others: %s refuses";
  if (others.length === 0) it.skip(`${title} (skipped: this machine has no other address)`);
  it.each(others)(title, async (address) => {
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      const socket = connect(test.port, address);
      socket.once("error", resolve);
      socket.once("connect", () => {
        socket.destroy();
        resolve(undefined);
      });
    });
    expect(error?.code).toBe("ECONNREFUSED");
  });
});

describe("the host of a request", () => {
  it("must be ours", async () => {
    expect(await ask("GET /health HTTP/1.1", `Host: ${host}`)).toBe(200);
    expect(await ask("GET /health HTTP/1.1", `Host: localhost:${test.port}`)).toBe(200);
    expect(await ask("GET /health HTTP/1.1", `Host: evil.example:${test.port}`)).toBe(403);
    expect(await ask("GET /health HTTP/1.1", "Host: evil.example")).toBe(403);
    expect(await ask("GET /nowhere HTTP/1.1", "Host: evil.example")).toBe(403);
  });

  it("must be there, once", async () => {
    expect(await ask("GET /health HTTP/1.1")).toBe(400);
    expect(await ask("GET /health HTTP/1.0")).toBe(400);
    expect(await ask("GET /health HTTP/1.1", "Host:")).toBe(400);
    expect(await ask("GET /health HTTP/1.1", `Host: ${host}`, `Host: ${host}`)).toBe(403);
    expect(await ask("GET /health HTTP/1.1", `Host: ${host}`, "Host: evil.example")).toBe(403);
    expect(await ask("GET /health HTTP/1.1", "Host: evil.example", `host: ${host}`)).toBe(403);
  });

  it("is found however many fields stand before it", async () => {
    const fields = Array.from({ length: 2500 }, () => "a:");
    const all = [`Host: ${host}`, ...fields, "Host: evil.example"];
    expect(await ask("GET /health HTTP/1.1", ...all)).toBe(403);
    expect(await ask("GET /health HTTP/1.1", ...fields, `Host: ${host}`)).toBe(200);
  });

  it("may be in the target, and then both must be ours", async () => {
    expect(await ask(`GET http://${host}/health HTTP/1.1`, `Host: ${host}`)).toBe(200);
    expect(await ask("GET http://evil.example/health HTTP/1.1", `Host: ${host}`)).toBe(403);
    expect(await ask(`GET http://${host}/health HTTP/1.1`, "Host: evil.example")).toBe(403);
    expect(await ask(`GET https://${host}/health HTTP/1.1`, `Host: ${host}`)).toBe(403);
    expect(await ask(`GET http://u:p@${host}/health HTTP/1.1`, `Host: ${host}`)).toBe(403);
    expect(await ask(`GET http://u@${host}/health HTTP/1.1`, `Host: ${host}`)).toBe(403);
    expect(await ask(`GET ftp://${host}/health HTTP/1.1`, `Host: ${host}`)).toBe(400);
    expect(await ask("GET http:// HTTP/1.1", `Host: ${host}`)).toBe(400);
  });

  it.each(["evil.example@HOST", "HOST@evil.example", "HOST/..", "HOST?", "HOST#", "HO ST", "[::1"])(
    "is not %s",
    async (template) => {
      const field = `Host: ${template.replace("HOST", host)}`;
      expect([400, 403]).toContain(await ask("GET /health HTTP/1.1", field));
    },
  );
});

describe("a page of another site", () => {
  it("gets nothing", async () => {
    const own = `Host: ${host}`;
    expect(await ask("GET /health HTTP/1.1", own, "Origin: http://evil.example")).toBe(403);
    expect(await ask("GET /health HTTP/1.1", own, "Origin: null")).toBe(403);
    expect(await ask("GET /health HTTP/1.1", own, "Sec-Fetch-Site: cross-site")).toBe(403);
    expect(await ask(`GET ${blob} HTTP/1.1`, own, "Sec-Fetch-Site: same-site")).toBe(403);
    const two = [`Origin: http://${host}`, "Origin: http://evil.example"];
    expect(await ask("GET /health HTTP/1.1", own, ...two)).toBe(403);
  });

  it("is not told that it may ask", async () => {
    const answer = await test.send(
      `OPTIONS /health HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://evil.example\r\n` +
        "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Private-Network: true\r\n\r\n",
    );
    expect(statusOf(answer)).toBe(403);
    expect(answer.toLowerCase()).not.toContain("access-control");
    const own = await test.send(`OPTIONS /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(statusOf(own)).toBe(405);
    expect(own.toLowerCase()).toContain("\r\nallow: get, head\r\n");
    expect(own.toLowerCase()).not.toContain("access-control");
  });
});

describe("methods and bodies", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY"])(
    "refuses %s and closes",
    async (method) => {
      const body = "x".repeat(100);
      const answer = await test.send(
        `${method} /v1/models HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100\r\n\r\n${body}`,
      );
      expect(statusOf(answer)).toBe(405);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    },
  );

  it("refuses a GET with a body, and does not take the body for a request", async () => {
    const smuggled = `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    for (const field of [`Content-Length: ${smuggled.length}`, "Transfer-Encoding: chunked"]) {
      const body = field.startsWith("C")
        ? smuggled
        : `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
      const answer = await test.send(
        `GET /health HTTP/1.1\r\nHost: ${host}\r\n${field}\r\n\r\n${body}`,
      );
      expect(statusOf(answer)).toBe(400);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });

  it("closes on CONNECT", async () => {
    expect(await ask(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`)).not.toBe(200);
  });

  it("upgrades to nothing", async () => {
    const answer = await test.send(
      `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade, close\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    expect(statusOf(answer)).not.toBe(101);
  });
});

describe("requests that are no HTTP", () => {
  const own = (): string => `Host: ${host}`;
  const cases: readonly (readonly [string, () => string])[] = [
    ["bare line feeds", () => `GET /health HTTP/1.1\n${own()}\n\n`],
    ["a line feed in a field", () => `GET /health HTTP/1.1\r\n${own()}\nX: y\r\n\r\n`],
    ["a bare carriage return", () => `GET /health HTTP/1.1\r\n${own()}\rX: y\r\n\r\n`],
    ["a folded field", () => `GET /health HTTP/1.1\r\n${own()}\r\nX: y\r\n z\r\n\r\n`],
    ["a space before the colon", () => `GET /health HTTP/1.1\r\n${own()}\r\nX : y\r\n\r\n`],
    [
      "two lengths",
      () => `GET /health HTTP/1.1\r\n${own()}\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n`,
    ],
    [
      "a length and chunks",
      () =>
        `GET /health HTTP/1.1\r\n${own()}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      "chunked twice",
      () =>
        `GET /health HTTP/1.1\r\n${own()}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["an unknown coding", () => `GET /health HTTP/1.1\r\n${own()}\r\nTransfer-Encoding: x\r\n\r\n`],
    ["a negative length", () => `GET /health HTTP/1.1\r\n${own()}\r\nContent-Length: -1\r\n\r\n`],
    ["a NUL in a field", () => `GET /health HTTP/1.1\r\n${own()}\r\nX: a\0b\r\n\r\n`],
    ["a NUL in the path", () => `GET /health\0 HTTP/1.1\r\n${own()}\r\n\r\n`],
    ["a space in the path", () => `GET /hea lth HTTP/1.1\r\n${own()}\r\n\r\n`],
    ["no version", () => `GET /health\r\n\r\n`],
    ["version 3", () => `GET /health HTTP/3.0\r\n${own()}\r\n\r\n`],
    ["no path", () => `GET HTTP/1.1\r\n${own()}\r\n\r\n`],
    ["a star for a path", () => `GET * HTTP/1.1\r\n${own()}\r\n\r\n`],
    ["a relative path", () => `GET health HTTP/1.1\r\n${own()}\r\n\r\n`],
    ["a backslash in the path", () => `GET /..\\..\\etc HTTP/1.1\r\n${own()}\r\n\r\n`],
    ["TLS", () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["noise", () => "\xff\xfe\xfd\r\n\r\n"],
  ];
  it.each(cases)("%s: refused, once, and closed", async (_name, text) => {
    const answer = await test.send(text());
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it("are refused when their fields are too long", async () => {
    const long = "x".repeat(17 * 1024);
    expect(await ask("GET /health HTTP/1.1", `Host: ${host}`, `X: ${long}`)).toBe(431);
    expect(await ask(`GET /${long} HTTP/1.1`, `Host: ${host}`)).toBe(431);
  });
});

describe("paths that climb", () => {
  it.each([
    "/v1/blobs/../../etc/passwd",
    "/v1/blobs/../../../../../../etc/passwd",
    "/v1/blobs/%2e%2e/%2e%2e/etc/passwd",
    "/v1/blobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/v1/blobs/..%2f..%2fetc%2fpasswd",
    "/v1/blobs/%252e%252e%252fetc%252fpasswd",
    "/v1/blobs/..;/..;/etc/passwd",
    "/v1/blobs/%c0%ae%c0%ae/etc/passwd",
    "/v1/blobs/sha256:../../../../etc/passwd",
    "/v1/models/..%2f..%2fetc%2fpasswd",
    "/v1/models/../../../etc/passwd",
    "/v1/models/.%00/etc",
    "//etc/passwd",
    "///etc/passwd",
    "/./etc/passwd",
    "/etc/passwd?/v1/blobs/x",
    "/etc/passwd#/v1/blobs/x",
    "/%00",
    "/v1/blobs/..%5c..%5cboot.ini",
  ])("%s leads nowhere, and nothing is looked for", async (path) => {
    const before = test.store.fs.calls.length;
    const answer = await test.send(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).not.toContain("root:");
    expect(answer).toContain("application/json");
    expect(test.store.fs.calls).toHaveLength(before);
  });
});

describe("requests sent ahead", () => {
  it("are answered one after the other, in order", async () => {
    const paths = ["/health", blob, "/v1/models", "/health"];
    const answer = await test.send(
      paths
        .map((path, index) => {
          const last = index === paths.length - 1 ? "Connection: close\r\n" : "";
          return `HEAD ${path} HTTP/1.1\r\nHost: ${host}\r\n${last}\r\n`;
        })
        .join(""),
    );
    const types = [...answer.matchAll(/content-type: (\S+)/gi)].map(([, type]) => type);
    const json = "application/json";
    expect(types).toEqual([json, "application/octet-stream", json, json]);
  });

  it("end the connection when they are more than anybody needs", async () => {
    const before = test.store.fs.calls.length;
    const request = `GET ${blob} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const answer = await test.send(request.repeat(2000));
    expect((answer.match(/HTTP\/1\.1 200/g) ?? []).length).toBeLessThan(20);
    const opened = test.store.fs.calls.slice(before).filter((call) => call.startsWith("open"));
    expect(opened.length).toBeLessThan(40);
    expect(test.store.fs.openFiles).toBe(0);
    expect(await ask("GET /health HTTP/1.1", `Host: ${host}`)).toBe(200);
  });
});

it("keeps nothing of what it refused in its log", () => {
  expect(test.store.events).toEqual([]);
});
