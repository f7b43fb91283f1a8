import { describe, expect, it } from "vitest";

import { guardRequest } from "./guard.ts";

const PORT = 11_777;

function ask(headers: Readonly<Record<string, string>>, init: RequestInit = {}): number {
  const request = new Request(`http://127.0.0.1:${PORT}/health`, {
    ...init,
    headers: { host: `127.0.0.1:${PORT}`, ...headers },
  });
  return guardRequest(request, PORT)?.status ?? 200;
}

describe("guardRequest", () => {
  it.each(["127.0.0.1:11777", "localhost:11777", "LocalHost:11777", "[::1]:11777"])(
    "lets requests to %s through",
    (host) => {
      expect(ask({ host })).toBe(200);
    },
  );

  it.each([
    "evil.example:11777",
    "evil.example",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:80",
    "127.0.0.1:117770",
    "127.0.0.1:011777",
    "localhost.:11777",
    "localhost.evil.example:11777",
    "127.0.0.2:11777",
    "127.1:11777",
    "2130706433:11777",
    "0.0.0.0:11777",
    "0:11777",
    "[::]:11777",
    "::1:11777",
    "[::ffff:127.0.0.1]:11777",
    "user@127.0.0.1:11777",
    "127.0.0.1:11777@evil.example",
    "127.0.0.1:11777/",
    "127.0.0.1:11777, evil.example",
    "127.0.0.1:11777, 127.0.0.1:11777",
    "",
  ])("refuses requests to %j", (host) => {
    expect(ask({ host })).toBe(403);
  });

  it("refuses a request without a Host", () => {
    const request = new Request(`http://127.0.0.1:${PORT}/health`);
    expect(guardRequest(request, PORT)?.status).toBe(403);
  });

  it.each([
    "http://evil.example:11777/health",
    "http://evil.example/health",
    "https://127.0.0.1:11777/health",
    "http://127.0.0.1:11778/health",
    "http://127.0.0.1/health",
  ])("refuses the target %s whatever the Host says", (url) => {
    const request = new Request(url, { headers: { host: `127.0.0.1:${PORT}` } });
    expect(guardRequest(request, PORT)?.status).toBe(403);
  });

  it("knows its own name without a port only where the port is that of http", () => {
    const request = new Request("http://localhost/health", { headers: { host: "localhost" } });
    expect(guardRequest(request, 80)).toBeUndefined();
    expect(guardRequest(request, PORT)?.status).toBe(403);
  });

  it.each([
    "http://evil.example",
    "https://127.0.0.1:11777",
    "http://127.0.0.1:3000",
    "http://localhost",
    "null",
    "",
    "file://",
    "http://127.0.0.1:11777.evil.example",
    "http://127.0.0.1:11777, http://127.0.0.1:11777",
  ])("refuses pages of the origin %j", (origin) => {
    expect(ask({ origin })).toBe(403);
  });

  it.each(["http://127.0.0.1:11777", "http://localhost:11777", "http://[::1]:11777"])(
    "lets its own origin %s through",
    (origin) => {
      expect(ask({ origin })).toBe(200);
    },
  );

  it.each([
    ["none", 200],
    ["same-origin", 200],
    ["same-site", 403],
    ["cross-site", 403],
    ["anything", 403],
    ["", 403],
  ])("answers Sec-Fetch-Site %j with %i", (site, status) => {
    expect(ask({ "sec-fetch-site": site })).toBe(status);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get"])(
    "refuses the method %s and says which are allowed",
    (method) => {
      const request = new Request(`http://127.0.0.1:${PORT}/health`, {
        headers: { host: `127.0.0.1:${PORT}` },
      });
      // A Request turns some methods into others and has no others at all.
      Object.defineProperty(request, "method", { value: method });
      const answer = guardRequest(request, PORT);
      expect(answer?.status).toBe(405);
      expect(answer?.headers.get("allow")).toBe("GET, HEAD");
      expect(answer?.headers.get("access-control-allow-origin")).toBeNull();
    },
  );

  it("lets methods that change something through where that is allowed, and no others", () => {
    const statusOf = (method: string): number => {
      const headers = { host: `127.0.0.1:${PORT}` };
      const request = new Request(`http://127.0.0.1:${PORT}/health`, { headers });
      Object.defineProperty(request, "method", { value: method });
      return guardRequest(request, PORT, { allowChanges: true })?.status ?? 200;
    };
    expect(["POST", "PUT", "DELETE"].map(statusOf)).toEqual([200, 200, 200]);
    expect(["PATCH", "OPTIONS", "post"].map(statusOf)).toEqual([405, 405, 405]);
  });

  it.each([
    [{ "content-length": "5" }, 400],
    [{ "content-length": "0" }, 200],
    [{ "transfer-encoding": "chunked" }, 400],
  ])("answers a request with %j with %i", (headers, status) => {
    expect(ask(headers)).toBe(status);
  });

  it("tells a page of another site nothing about methods", () => {
    expect(ask({ origin: "http://evil.example" }, { method: "POST" })).toBe(403);
  });
});
