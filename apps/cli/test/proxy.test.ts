import { createServer, request as ask, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { createFakeHub, type FakeHub, generateGguf } from "@store/fetch/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

import { createSandbox, type Sandbox } from "./support/sandbox.ts";
import { runHere } from "./support/run-here.ts";
import type { StoreRun } from "./support/run-store.ts";

const model = generateGguf({ sizeBytes: 1024 * 1024, name: "Tiny" });
const asked: string[] = [];

let hub: FakeHub;
let proxy: Server;
beforeAll(async () => {
  hub = await createFakeHub({ repositories: { "org/tiny": { files: { "tiny.gguf": model } } } });
  proxy = createServer((request, response) => {
    const { "proxy-authorization": proof, ...headers } = request.headers;
    if (proof !== `Basic ${btoa("me:hush")}`) {
      response.writeHead(407).end();
      return;
    }
    asked.push(request.url ?? "");
    ask(request.url ?? "", { headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    }).end();
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await hub.close();
  proxy.closeAllConnections();
  proxy.close();
});

function run(
  sandbox: Sandbox,
  userinfo: string,
  env: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
): Promise<StoreRun> {
  const { port } = proxy.address() as AddressInfo;
  const own = { HF_ENDPOINT: hub.endpoint, http_proxy: `http://${userinfo}127.0.0.1:${port}` };
  return runHere(["pull", "hf.co/org/tiny", ...args], {
    home: sandbox.home,
    env: { ...own, ...env },
  });
}

it("pulls through the proxy of the environment, and tells nobody its password", async () => {
  await using sandbox = await createSandbox();
  const pulled = await run(sandbox, "me:hush@", {}, "--json");
  expect(pulled).toMatchObject({ code: 0 });
  expect(asked.some((url) => url.startsWith(`${hub.endpoint}/api/models/org/tiny/`))).toBe(true);
  const refused = await run(sandbox, "me:wrong@", { STORE_DEBUG: "1" });
  expect(refused).toMatchObject({ code: 8 });
  expect(refused.stderr).toContain("the proxy refuses the credentials");
  expect(JSON.stringify([pulled, refused])).not.toMatch(/hush|wrong@|bWU6/);
  const unknown = await run(sandbox, "");
  expect(unknown.stderr).toContain("HTTPS_PROXY=http://user:password@host:port");
  const socks = await run(sandbox, "", { http_proxy: "socks5://127.0.0.1:1" });
  expect(socks).toMatchObject({ code: 2 });
});

it("says so where a file of certificates is not there, or is none", async () => {
  await using sandbox = await createSandbox();
  const absent = await run(sandbox, "me:hush@", {}, "--ca-file", "/no/such/file.pem");
  expect(absent).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no file of certificates"),
  });
  await sandbox.write("ca.pem", "nothing of the kind");
  const path = `${sandbox.home}/ca.pem`;
  expect(await run(sandbox, "me:hush@", {}, "--ca-file", path)).toMatchObject({ code: 2 });
  // A variable may name what is not there; then the usual issuers are trusted, as everywhere.
  const byVariable = { SSL_CERT_FILE: "/no/such/file.pem" };
  expect(await run(sandbox, "me:hush@", byVariable, "--dry-run")).toMatchObject({ code: 0 });
});
