import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createProxyLookup, type UrlSourceOptions } from "../src/index.ts";
import { createAuthority } from "./certificates.ts";
import { startProxy } from "./proxy-server.ts";
import { createUrlPuller } from "./pull-url.ts";
import { type RawServer, sendFile, sendRaw, startRawServer } from "./raw-server.ts";
import { noTinyproxy, startTinyproxy } from "./tinyproxy.ts";

/** Large enough for several connections. */
const bytes = createContent(20 * 1024 * 1024, 41);
const digest = digestBytes(bytes);
const authority = createAuthority();
const secure = authority.issue(["models.example"]);

const startServer = (isSecure: boolean): Promise<RawServer> =>
  startRawServer((request, socket) => sendFile(request, socket, bytes), isSecure ? { secure } : {});

function urlOf({ origin }: RawServer): string {
  return `${origin.replace("127.0.0.1", "models.example")}/model.gguf`;
}

function optionsFor(proxy: string, more: UrlSourceOptions = {}): UrlSourceOptions {
  const env = { http_proxy: proxy, https_proxy: proxy, no_proxy: "direct.example" };
  return { proxy: createProxyLookup(env), ca: authority.cert, ...more };
}

/** Nobody may look the host up here: that is the proxy's to do. */
const blind = async (hostname: string): Promise<readonly string[]> => {
  throw new Error(`looked up ${hostname}`);
};

describe.each([
  ["http", false],
  ["https", true],
] as const)("a proxy for %s", (_scheme, isSecure) => {
  it("carries metadata and bodies, and knows names that we do not", async () => {
    await using server = await startServer(isSecure);
    await using proxy = await startProxy({ credentials: "me:h%sh" });
    const url = proxy.origin.replace("//", "//me:h%25sh@");
    await using puller = await createUrlPuller(optionsFor(url, { resolver: blind }));
    const result = await puller.pull(urlOf(server), { connections: 4 });
    expect(result.files[0]?.digest).toBe(digest);
    expect(proxy.requests.length).toBeGreaterThan(0);
    expect(server.requests.length).toBeGreaterThan(2);
    expect(server.connections).toBeLessThanOrEqual(proxy.requests.length);
  });

  it("row 87: that wants credentials is told, and no other server gets any", async () => {
    await using server = await startServer(isSecure);
    await using proxy = await startProxy({ credentials: "me:hush" });
    await using puller = await createUrlPuller(optionsFor(proxy.origin));
    const refused = await expectStoreError(
      puller.pull(urlOf(server)),
      "ERR_STORE_PROXY_AUTH_REQUIRED",
    );
    expect(refused).toMatchObject({
      kind: "denied",
      hint: expect.stringContaining("user:password"),
    });
    await using other = await createUrlPuller(
      optionsFor(proxy.origin.replace("//", "//me:wrong@")),
    );
    const wrong = await expectStoreError(
      other.pull(urlOf(server)),
      "ERR_STORE_PROXY_AUTH_REQUIRED",
    );
    expect(wrong.message).toContain("refuses the credentials");
    expect(JSON.stringify([wrong, refused])).not.toMatch(/wrong|bWU6/);
    expect(proxy.requests).toHaveLength(2);
    expect(server.requests).toEqual([]);
  });

  it("gets its credentials alone, and the server those for the server", async () => {
    await using server = await startServer(isSecure);
    await using proxy = await startProxy({ credentials: "me:hush" });
    const url = proxy.origin.replace("//", "//me:hush@");
    const headers = { authorization: "Bearer for-the-server", "x-api-key": "for-the-server" };
    await using puller = await createUrlPuller(optionsFor(url, { headers }));
    await puller.pull(urlOf(server));
    expect(JSON.stringify(server.requests)).not.toContain("proxy-authorization");
    expect(server.requests.every((request) => request.headers["x-api-key"] !== undefined)).toBe(
      true,
    );
    // A plain request is the proxy's to read; of a secure one it sees the host.
    if (isSecure) expect(JSON.stringify(proxy.requests)).not.toContain("for-the-server");
  });

  it("is not used for hosts that are excepted, nor gets a redirect there its credentials", async () => {
    await using server = await startRawServer((request, socket) =>
      sendFile(request, socket, bytes.subarray(0, 1000)),
    );
    await using proxy = await startProxy({ credentials: "me:hush" });
    await using redirecting = await startRawServer((_request, socket) => {
      const location = server.origin.replace("127.0.0.1", "direct.example");
      sendRaw(socket, { status: 302, headers: { location: `${location}/x` } });
    }, {});
    const resolver = async (): Promise<readonly string[]> => ["127.0.0.1"];
    const url = proxy.origin.replace("//", "//me:hush@");
    await using puller = await createUrlPuller(optionsFor(url, { resolver }));
    await puller.pull(urlOf(redirecting));
    expect(proxy.requests.length).toBeGreaterThan(0);
    expect(server.requests.length).toBeGreaterThan(0);
    expect(JSON.stringify(server.requests)).not.toContain("proxy-authorization");
    expect(proxy.requests.every(({ target }) => !target.includes("direct.example"))).toBe(true);
  });

  const page =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p>log in</p>\r\n";
  const answers = {
    "refuses the host": ["HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 1],
    "fails to reach it": ["HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", 2],
    "answers with a page of its own": [page, 1],
    "closes the connection": ["", 2],
    "speaks something else": ["SSH-2.0-OpenSSH_9\r\n", 2],
  } as const;
  for (const [name, [answer, attempts]] of Object.entries(answers)) {
    it(`row 87: that ${name} is an error, and nothing of it becomes a file`, async () => {
      await using server = await startServer(isSecure);
      await using proxy = await startProxy({ answer: (_request, socket) => socket.end(answer) });
      await using puller = await createUrlPuller(
        optionsFor(proxy.origin, { retry: { attemptsMax: 2 } }),
      );
      const pulled = puller.pull(urlOf(server), { digest });
      const code =
        /403/.test(answer) && !isSecure ? "ERR_STORE_AUTH_REFUSED" : "ERR_STORE_UPSTREAM_ERROR";
      await expectStoreError(pulled, code);
      expect(proxy.requests.length).toBeGreaterThanOrEqual(attempts);
      expect(server.requests).toEqual([]);
      expect(await puller.listBlobs()).toEqual([]);
    });
  }

  it("that says nothing is given up", async () => {
    await using proxy = await startProxy({ answer: () => {} });
    await using puller = await createUrlPuller(
      optionsFor(proxy.origin, { retry: { attemptsMax: 1 }, idleTimeoutMs: 100 }),
    );
    const url = `${isSecure ? "https" : "http"}://models.example/model.gguf`;
    await expectStoreError(puller.pull(url), "ERR_STORE_UPSTREAM_TIMEOUT");
  });

  it("does not make private places of redirects", async () => {
    await using home = await startRawServer(
      (_request, socket) =>
        sendRaw(socket, { status: 302, headers: { location: "https://127.0.0.1:1/x" } }),
      isSecure ? { secure } : {},
    );
    await using proxy = await startProxy();
    const resolver = async (): Promise<readonly string[]> => ["93.184.216.34"];
    await using puller = await createUrlPuller(optionsFor(proxy.origin, { resolver }));
    await expectStoreError(puller.pull(urlOf(home)), "ERR_STORE_POLICY_REFUSED");
    expect(proxy.requests).toHaveLength(1);
  });

  it.skipIf(noTinyproxy !== undefined)(
    `of Debian carries a pull${noTinyproxy === undefined ? "" : `: ${noTinyproxy}`}`,
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "store-proxy-"));
      try {
        const own = authority.issue(["127.0.0.1"]);
        await using server = await startRawServer(
          (request, socket) => sendFile(request, socket, bytes),
          isSecure ? { secure: own } : {},
        );
        await using proxy = await startTinyproxy(directory);
        await using puller = await createUrlPuller(optionsFor(`http://me:hush@${proxy.host}`));
        const result = await puller.pull(`${server.origin}/model.gguf`, { connections: 4 });
        expect(result.files[0]?.digest).toBe(digest);
        expect(server.requests[0]?.headers["via"] === undefined).toBe(isSecure);
        expect(JSON.stringify(server.requests)).not.toContain("bWU6aHVzaA");
        await using refused = await createUrlPuller(optionsFor(`http://${proxy.host}`));
        await expectStoreError(
          refused.pull(`${server.origin}/other.gguf`),
          "ERR_STORE_PROXY_AUTH_REQUIRED",
        );
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  );
});

it("a tunnel learns nothing but the host, not even when the proxy talks into it", async () => {
  await using proxy = await startProxy({
    answer: (_request, socket) => socket.write("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
  });
  const headers = { authorization: "Bearer for-the-server" };
  const url = proxy.origin.replace("//", "//me:hush@");
  await using puller = await createUrlPuller(
    optionsFor(url, { headers, retry: { attemptsMax: 1 } }),
  );
  await expectStoreError(
    puller.pull("https://models.example/path/model.gguf?key=1"),
    "ERR_STORE_UPSTREAM_ERROR",
  );
  expect(proxy.requests).toHaveLength(1);
  expect(proxy.requests[0]).toMatchObject({ method: "CONNECT", target: "models.example:443" });
  expect(Object.keys(proxy.requests[0]?.headers ?? {}).toSorted()).toEqual([
    "connection",
    "host",
    "proxy-authorization",
  ]);
});
