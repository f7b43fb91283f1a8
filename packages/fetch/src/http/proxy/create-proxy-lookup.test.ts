import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { createProxyLookup } from "./create-proxy-lookup.ts";

function proxyFor(url: string, env: Readonly<Record<string, string>>): string | undefined {
  return createProxyLookup(env)(new URL(url))?.href;
}

const p1 = "http://p1:1/";
const p2 = "http://p2:2/";

describe("the proxy of an environment", () => {
  it("is that of the URL's scheme, else that for all", () => {
    const env = { http_proxy: p1, https_proxy: p2 };
    expect(proxyFor("http://a.example/", env)).toBe(p1);
    expect(proxyFor("https://a.example/", env)).toBe(p2);
    expect(proxyFor("https://a.example/", { http_proxy: p1 })).toBeUndefined();
    expect(proxyFor("https://a.example/", { http_proxy: p1, ALL_PROXY: p2 })).toBe(p2);
    expect(proxyFor("https://a.example/", {})).toBeUndefined();
  });

  it("is read in lower case first, and an empty one is none", () => {
    expect(proxyFor("https://a.example/", { https_proxy: p1, HTTPS_PROXY: p2 })).toBe(p1);
    expect(proxyFor("https://a.example/", { https_proxy: "", HTTPS_PROXY: p2 })).toBe(p2);
    expect(proxyFor("https://a.example/", { all_proxy: "" })).toBeUndefined();
  });

  it("is not what a client of a CGI program says in a header", () => {
    const cgi = { HTTP_PROXY: p1, REQUEST_METHOD: "GET" };
    expect(proxyFor("http://a.example/", cgi)).toBeUndefined();
    expect(proxyFor("http://a.example/", { ...cgi, http_proxy: p2 })).toBe(p2);
    expect(proxyFor("https://a.example/", { ...cgi, HTTPS_PROXY: p2 })).toBe(p2);
  });

  it("may leave its scheme out, and have credentials", () => {
    expect(proxyFor("http://a.example/", { http_proxy: "p1:1" })).toBe(p1);
    expect(proxyFor("http://a.example/", { http_proxy: "me:hush@p1:1" })).toBe(
      "http://me:hush@p1:1/",
    );
    expect(proxyFor("http://a.example/", { http_proxy: "https://p1" })).toBe("https://p1/");
  });

  it("is refused where it cannot be used, rather than left out", () => {
    for (const text of ["socks5://me:hush@p1:1", "http://", "p1:99999", "ftp://p1"]) {
      const lookup = createProxyLookup({ all_proxy: text, no_proxy: "local.example" });
      expect(lookup(new URL("http://local.example"))).toBeUndefined();
      try {
        lookup(new URL("http://a.example"));
        expect.unreachable();
      } catch (error) {
        expect(isStoreError(error, "ERR_STORE_PROXY_INVALID")).toBe(true);
        expect(String(error)).not.toContain("hush");
      }
    }
  });
});

describe("an exception", () => {
  const cases: readonly (readonly [list: string, excepted: string, other: string])[] = [
    ["a.example", "http://a.example/", "http://b.example/"],
    ["a.example", "http://x.a.example/", "http://xa.example/"],
    [".a.example", "http://a.example/", "http://xa.example/"],
    ["*.a.example", "http://x.a.example/", "http://b.example/"],
    ["A.Example.", "http://a.example./", "http://b.example/"],
    ["b.example, a.example", "http://a.example/", "http://c.example/"],
    ["b.example a.example", "http://b.example/", "http://c.example/"],
    ["a.example:8080", "http://a.example:8080/", "http://a.example/"],
    ["a.example:443", "https://a.example/", "http://a.example/"],
    ["10.1.2.3", "http://10.1.2.3/", "http://10.1.2.4/"],
    ["10.0.0.0/8", "http://10.1.2.3/", "http://11.1.2.3/"],
    ["10.0.0.0/33, 10.1.2.3/x, b.example", "http://b.example/", "http://10.1.2.3/"],
    ["::1", "http://[::1]/", "http://[::2]/"],
    ["[::1]:80", "http://[::1]/", "http://[::1]:81/"],
    ["fd00::/8", "http://[fd00::1]/", "http://[fe00::1]/"],
    ["*", "http://anything/", ""],
  ];
  it.each(cases)("%s", (list, excepted, other) => {
    const env = { http_proxy: p1, https_proxy: p1, NO_PROXY: list };
    expect(proxyFor(excepted, env)).toBeUndefined();
    if (other !== "") expect(proxyFor(other, env)).toBe(p1);
  });
});
