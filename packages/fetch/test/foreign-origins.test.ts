import { expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createOciSource,
  createOllamaSource,
  createUrlSource,
  type Source,
} from "../src/index.ts";
import { createHastyTimers } from "./open-ports.ts";

/** What a made-up internet was asked, and with which secrets. */
interface Asked {
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Answer = (url: URL) => Response;

/** An internet of made-up hosts, none of them private. */
function createInternet(answer: Answer): {
  readonly asked: Asked[];
  readonly http: {
    readonly fetch: typeof globalThis.fetch;
    readonly resolver: (host: string) => Promise<readonly string[]>;
    readonly timers: ReturnType<typeof createHastyTimers>;
  };
} {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push({ url: url.href, headers: new Headers(init?.headers), body: init?.body });
    return answer(url);
  };
  const resolver = async (): Promise<readonly string[]> => ["93.184.216.34"];
  return { asked, http: { fetch, resolver, timers: createHastyTimers() } };
}

function redirect(location: string): Response {
  return new Response(null, { status: 307, headers: { location } });
}

const challenge = (realm: string): Response =>
  new Response("{}", {
    status: 401,
    headers: { "www-authenticate": `Bearer realm="${realm}",service="r"` },
  });

const credentials = async () => ({ kind: "password", username: "me", password: "hush" }) as const;

function sourcesOf(http: ReturnType<typeof createInternet>["http"]): readonly {
  readonly source: Source;
  readonly location: string;
}[] {
  return [
    { source: createHuggingFaceSource({ ...http, token: "hush" }), location: "hf.co/org/m" },
    { source: createOllamaSource({ ...http, credentials }), location: "ollama://m" },
    { source: createOciSource({ ...http, credentials }), location: "ghcr.io/org/m" },
    {
      source: createUrlSource({ ...http, headers: { "x-api-key": "hush" } }),
      location: "https://me:hush@models.example/m.gguf",
    },
  ];
}

describe("a redirect", () => {
  it.each([
    "https://127.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/",
    "https://localhost/",
    "https://2130706433/",
  ])("row 84: to %s is refused by every source, before a connection is made", async (target) => {
    const { asked, http } = createInternet(() => redirect(target));
    for (const { source, location } of sourcesOf(http)) {
      asked.length = 0;
      const error = await expectStoreError(source.resolve(location), "ERR_STORE_POLICY_REFUSED");
      expect(error.detail).toMatchObject({ rule: "private-address" });
      expect(asked).toHaveLength(1);
    }
  });

  it("row 84: to another origin takes no secret along, nor does the way back", async () => {
    const { asked, http } = createInternet((url) =>
      url.host === "foreign.example"
        ? redirect("https://models.example/back")
        : redirect("https://foreign.example/x"),
    );
    for (const { source, location } of sourcesOf(http)) {
      asked.length = 0;
      await expectStoreError(source.resolve(location), "ERR_STORE_UPSTREAM_ERROR");
      expect(asked.length).toBeGreaterThan(2);
      for (const { url, headers } of asked.slice(1)) {
        const names = [...headers.keys()].toSorted();
        expect(names, url).toEqual(
          names.filter((name) => /^(accept|accept-encoding|range|user-agent)$/.test(name)),
        );
      }
    }
  });

  it.each([
    "http://models.example/",
    "ftp://x/",
    "file:///etc/passwd",
    "https://me:hush@x.example/",
  ])("row 84: to %s is refused", async (target) => {
    const { asked, http } = createInternet(() => redirect(target));
    for (const { source, location } of sourcesOf(http)) {
      asked.length = 0;
      const error = await expectStoreError(source.resolve(location), "ERR_STORE_UPSTREAM_ERROR");
      expect(asked).toHaveLength(1);
      expect(JSON.stringify(error)).not.toContain("hush");
    }
  });

  it("of a token request takes no refresh token along", async () => {
    const { asked, http } = createInternet((url) =>
      url.pathname === "/token"
        ? redirect("https://foreign.example/token")
        : challenge("https://ghcr.io/token"),
    );
    const identity = async () => ({ kind: "identity", token: "hush" }) as const;
    const source = createOciSource({ ...http, credentials: identity });
    await expectStoreError(source.resolve("ghcr.io/org/m"), "ERR_STORE_UPSTREAM_ERROR");
    expect(asked.filter(({ url }) => !url.startsWith("https://ghcr.io/"))).toEqual([]);
  });

  it("to somebody who then asks for credentials gets him none", async () => {
    const { asked, http } = createInternet((url) =>
      url.host === "foreign.example"
        ? challenge("https://foreign.example/token")
        : redirect("https://foreign.example/x"),
    );
    const source = createOciSource({ ...http, credentials });
    await expectStoreError(source.resolve("ghcr.io/org/m"), "ERR_STORE_AUTH_REQUIRED");
    expect(asked.map(({ url }) => url)).toEqual([
      "https://ghcr.io/v2/org/m/manifests/latest",
      "https://foreign.example/x",
    ]);
  });
});

it("a token service over http is not asked for a registry over https", async () => {
  const { asked, http } = createInternet(() => challenge("http://ghcr.io/token"));
  const source = createOciSource({ ...http, credentials });
  await expectStoreError(source.resolve("ghcr.io/org/m"), "ERR_STORE_POLICY_REFUSED");
  expect(asked).toHaveLength(1);
});

it("Docker Hub's token service is asked, with the credentials of Docker Hub", async () => {
  const { asked, http } = createInternet((url) =>
    url.host === "auth.docker.io"
      ? new Response('{"token":"t"}')
      : challenge("https://auth.docker.io/token"),
  );
  const source = createOciSource({ ...http, credentials });
  await expectStoreError(source.resolve("docker.io/ai/m"), "ERR_STORE_AUTH_REFUSED");
  expect(asked.map(({ url, headers }) => `${url} ${headers.get("authorization") ?? ""}`)).toEqual([
    "https://registry-1.docker.io/v2/ai/m/manifests/latest ",
    "https://auth.docker.io/token?service=r&scope=repository%3Aai%2Fm%3Apull Basic bWU6aHVzaA==",
    "https://registry-1.docker.io/v2/ai/m/manifests/latest Bearer t",
  ]);
});

it("a token that anybody gets is no account: what it does not open wants one", async () => {
  const { http } = createInternet((url) =>
    url.pathname === "/token" ? new Response('{"token":"t"}') : challenge("https://ghcr.io/token"),
  );
  const source = createOciSource(http);
  const error = await expectStoreError(source.resolve("ghcr.io/org/m"), "ERR_STORE_AUTH_REQUIRED");
  expect(error.hint).toContain("docker login");
});

describe("an answer without end", () => {
  function endless(): Response {
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk);
      },
    });
    return new Response(body);
  }

  it("is given up, whoever sends it", async () => {
    const { http } = createInternet(endless);
    for (const { source, location } of sourcesOf(http).slice(0, 3)) {
      await expectStoreError(source.resolve(location), "ERR_STORE_UPSTREAM_ERROR");
    }
    const service = createInternet((url) =>
      url.pathname === "/token" ? endless() : challenge("https://ghcr.io/token"),
    );
    const source = createOciSource(service.http);
    await expectStoreError(source.resolve("ghcr.io/org/m"), "ERR_STORE_UPSTREAM_ERROR");
  });

  it("that lists too many files is refused", async () => {
    const siblings = Array.from({ length: 100_001 }, () => ({ rfilename: "x", size: 0 }));
    const body = JSON.stringify({ id: "org/m", sha: "0".repeat(40), siblings });
    const { http } = createInternet(() => new Response(body));
    const source = createHuggingFaceSource(http);
    await expectStoreError(source.resolve("hf.co/org/m"), "ERR_STORE_UPSTREAM_ERROR");
  });
});
