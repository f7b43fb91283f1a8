import { createContent, expectStoreError } from "@store/layout/testing";
import { afterEach, describe, expect, it } from "vitest";

import { createOciSource, type OciSourceOptions } from "../src/index.ts";
import {
  createFakeRegistry,
  type FakeRegistry,
  type FakeRegistryOptions,
  type FakeRegistryRequest,
} from "../src/testing/index.ts";
import { createHastyTimers } from "./open-ports.ts";

const bytes = createContent(50_000, 7);
const password = { kind: "password", username: "me", password: "hush" } as const;
const started: FakeRegistry[] = [];

afterEach(async () => {
  for (const registry of started.splice(0)) await registry.close();
});

async function start(options: FakeRegistryOptions): Promise<FakeRegistry> {
  const registry = await createFakeRegistry(options);
  started.push(registry);
  registry.addModel("org/m", "latest", { layers: [{ mediaType: "application/x", bytes }] });
  return registry;
}

/** Resolves the model and reads its one layer. */
async function read(registry: FakeRegistry, options: OciSourceOptions = {}): Promise<Uint8Array> {
  const source = createOciSource({ timers: createHastyTimers(), ...options });
  const model = await source.resolve(`oci+http://${registry.host}/org/m`);
  const file = model?.files.find(({ size }) => size === bytes.length);
  if (model === undefined || file === undefined) return expect.fail("not listed");
  const { body } = await source.open(model, file, { start: 0, end: Infinity });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

function secretsIn(requests: readonly FakeRegistryRequest[]): readonly FakeRegistryRequest[] {
  const secret = /hush|refresh-me|token-\d|Basic |Bearer |aHVzaA|bWU6aHVzaA/;
  return requests.filter(({ headers, url, body }) =>
    secret.test(`${JSON.stringify(headers)} ${url} ${body}`),
  );
}

describe("a registry that wants a token", () => {
  it("gets one that anybody is given, once for the manifest and its blobs", async () => {
    const registry = await start({ auth: { kind: "anonymous" } });
    expect(await read(registry)).toEqual(bytes);
    const asked = registry.requests.filter(({ url }) => url.startsWith("/token"));
    expect(asked.map(({ url }) => url)).toEqual([
      "/token?service=fake&scope=repository%3Aorg%2Fm%3Apull",
    ]);
    expect(asked[0]?.headers["authorization"]).toBeUndefined();
  });

  it("gets one for a password, which only the token service sees", async () => {
    const registry = await start({ auth: { ...password, kind: "token" } });
    expect(await read(registry, { credentials: async () => password })).toEqual(bytes);
    const basic = registry.requests.filter(({ headers }) =>
      headers["authorization"]?.startsWith("Basic "),
    );
    expect(basic.map(({ url }) => url.split("?")[0])).toEqual(["/token"]);
    expect(secretsIn(registry.requests.filter(({ server }) => server === "storage"))).toEqual([]);
  });

  it("gets one for a refresh token, in the body of a POST", async () => {
    const auth = { ...password, kind: "token", refreshToken: "refresh-me" } as const;
    const registry = await start({ auth });
    const credentials = async () => ({ kind: "identity", token: "refresh-me" }) as const;
    expect(await read(registry, { credentials })).toEqual(bytes);
    const asked = registry.requests.filter(({ url }) => url.startsWith("/token"));
    expect(asked).toMatchObject([{ method: "POST", url: "/token" }]);
  });

  it("is asked again when a token was made void meanwhile", async () => {
    const registry = await start({ auth: { kind: "anonymous" }, blobs: "same" });
    const source = createOciSource();
    const model = await source.resolve(`oci+http://${registry.host}/org/m`);
    const file = model?.files.find(({ size }) => size === bytes.length);
    if (model === undefined || file === undefined) return expect.fail("not listed");
    registry.revokeTokens();
    const ranges = [0, 100, 200, 300].map((at) => ({ start: at, end: at + 100 }));
    const opened = await Promise.all(ranges.map((range) => source.open(model, file, range)));
    for (const { body } of opened) await body[Symbol.asyncIterator]().return?.();
    const asked = registry.requests.filter(({ url }) => url.startsWith("/token"));
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it("is asked in time when a token runs out", async () => {
    const registry = await start({
      auth: { kind: "anonymous" },
      blobs: "same",
      tokenLifeSeconds: 8,
    });
    let nowMs = 0;
    const timers = { ...createHastyTimers(), elapsedMs: () => nowMs };
    const source = createOciSource({ timers });
    const location = `oci+http://${registry.host}/org/m`;
    await source.resolve(location);
    nowMs = 10_000;
    const before = registry.requests.length;
    await source.resolve(location);
    const sent = registry.requests.slice(before).map(({ headers }) => headers["authorization"]);
    expect(sent).toEqual([undefined, undefined, "Bearer token-2"]);
  });

  it("refuses, by code, whoever has none or a wrong one", async () => {
    const registry = await start({ auth: { ...password, kind: "token" } });
    await expectStoreError(read(registry), "ERR_STORE_AUTH_REQUIRED");
    const credentials = async () => ({ ...password, password: "wrong" }) as const;
    const error = await expectStoreError(read(registry, { credentials }), "ERR_STORE_AUTH_REFUSED");
    expect(JSON.stringify(error)).not.toContain("wrong");
  });
});

describe("a token service", () => {
  it("of another host sees no request at all", async () => {
    const foreign = await start({});
    for (const realm of [
      `${foreign.origin}/token`,
      "http://169.254.169.254/token",
      "file:///etc/passwd",
      "http://me:hush@127.0.0.1/token",
    ]) {
      const registry = await start({ auth: { ...password, kind: "token" }, realm });
      let looked = 0;
      const credentials = async () => {
        looked += 1;
        return password;
      };
      const error = await expectStoreError(
        read(registry, { credentials }),
        "ERR_STORE_POLICY_REFUSED",
      );
      expect(error.detail).toMatchObject({ rule: "token-host" });
      expect(error.message).not.toContain("hush");
      expect(looked).toBe(0);
    }
    expect(foreign.requests).toEqual([]);
  });

  it("of another host is asked once it is configured", async () => {
    const service = await start({ auth: { ...password, kind: "token" } });
    const registry = await start({
      auth: { ...password, kind: "token" },
      realm: `${service.origin}/token`,
    });
    const tokenHosts = (host: string) => (host === registry.host ? [service.host] : []);
    const credentials = async () => password;
    // The two fakes do not know each other's tokens: that it was asked is all there is to see.
    await expectStoreError(read(registry, { credentials, tokenHosts }), "ERR_STORE_AUTH_REFUSED");
    expect(service.requests.map(({ url }) => url.split("?")[0])).toEqual(["/token"]);
  });
});

describe("a registry that wants a password", () => {
  it("gets it, and no other origin does", async () => {
    const registry = await start({ auth: { ...password, kind: "basic" } });
    expect(await read(registry, { credentials: async () => password })).toEqual(bytes);
    expect(secretsIn(registry.requests.filter(({ server }) => server === "storage"))).toEqual([]);
  });

  it("is asked for by its own host and repository", async () => {
    const registry = await start({ auth: { ...password, kind: "basic" } });
    const asked: string[] = [];
    const credentials = async (host: string, repository: string) => {
      asked.push(`${host} ${repository}`);
      return password;
    };
    await read(registry, { credentials });
    expect(new Set(asked)).toEqual(new Set([`${registry.host} org/m`]));
  });

  it("is not given a refresh token instead", async () => {
    const registry = await start({ auth: { ...password, kind: "basic" } });
    const credentials = async () => ({ kind: "identity", token: "refresh-me" }) as const;
    await expectStoreError(read(registry, { credentials }), "ERR_STORE_AUTH_REQUIRED");
    expect(secretsIn(registry.requests)).toEqual([]);
  });
});
