import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createRegistryCredentials,
  createUrlSource,
  type Credential,
  readHubToken,
} from "../src/index.ts";
import { createFakeHub } from "../src/testing/index.ts";
import { createHastyTimers } from "./open-ports.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "store-fetch-"));
});
afterEach(() => rm(home, { recursive: true }));

async function write(path: string, content: unknown): Promise<string> {
  const absolute = join(home, path);
  await mkdir(dirname(absolute), { recursive: true });
  await writeFile(absolute, typeof content === "string" ? content : JSON.stringify(content));
  return absolute;
}

function ask(
  registry: string,
  repository = "org/m",
  env: Readonly<Record<string, string>> = {},
): Promise<Credential | undefined> {
  return createRegistryCredentials({ env, home })(registry, repository);
}

function authOf(text: string): { readonly auth: string } {
  return { auth: Buffer.from(text).toString("base64") };
}

const docker = ".docker/config.json";
const me = { kind: "password", username: "me", password: "a:b" } as const;

describe("the credentials of a registry", () => {
  it("are none where no file is", async () => {
    expect(await ask("ghcr.io")).toBeUndefined();
  });

  it("come from Docker's file, under any spelling it uses", async () => {
    await write(docker, {
      auths: {
        "ghcr.io": authOf("me:a:b"),
        "https://quay.io/v1/": authOf("me:a:b"),
        "https://index.docker.io/v1/": authOf("me:a:b"),
        "127.0.0.1:5000": { username: "me", password: "a:b" },
        "empty.example": {},
      },
    });
    for (const host of ["ghcr.io", "quay.io", "registry-1.docker.io", "127.0.0.1:5000"]) {
      expect(await ask(host), host).toEqual(me);
    }
    for (const host of ["127.0.0.1", "io", "x.ghcr.io", "ghcr.io:443", "empty.example"]) {
      expect(await ask(host), host).toBeUndefined();
    }
  });

  it("may be tokens", async () => {
    await write(docker, {
      auths: {
        "a.example": { ...authOf("00000:"), identitytoken: "refresh" },
        "b.example": { registrytoken: "bearer" },
      },
    });
    expect(await ask("a.example")).toEqual({ kind: "identity", token: "refresh" });
    expect(await ask("b.example")).toEqual({ kind: "bearer", token: "bearer" });
  });

  it("come from containers' files first, the longest path winning", async () => {
    await write(docker, { auths: { "ghcr.io": authOf("docker:x") } });
    await write(".config/containers/auth.json", {
      auths: { "ghcr.io": authOf("all:x"), "ghcr.io/org": authOf("org:x") },
    });
    await write("run/containers/auth.json", { auths: { "ghcr.io/org/m": authOf("one:x") } });
    const env = { XDG_RUNTIME_DIR: join(home, "run") };
    expect(await ask("ghcr.io", "org/m", env)).toMatchObject({ username: "one" });
    expect(await ask("ghcr.io", "org/n", env)).toMatchObject({ username: "org" });
    expect(await ask("ghcr.io", "organic/n", env)).toMatchObject({ username: "all" });
  });

  it("come from the one file that the environment names", async () => {
    await write(docker, { auths: { "ghcr.io": authOf("docker:x") } });
    const path = await write("elsewhere.json", { auths: { "ghcr.io": authOf("here:x") } });
    const env = { REGISTRY_AUTH_FILE: path };
    expect(await ask("ghcr.io", "org/m", env)).toMatchObject({ username: "here" });
  });

  it("that cannot be read are an error that quotes nothing", async () => {
    for (const content of [
      "hush",
      "[]",
      { auths: { "ghcr.io": { auth: Buffer.from("hush").toString("base64") } } },
      { credHelpers: { "ghcr.io": "../hush" } },
      { credHelpers: { "ghcr.io": "there-is-none" } },
    ]) {
      await write(docker, content);
      const error = await expectStoreError(
        ask("ghcr.io", "org/m", { PATH: home }),
        "ERR_STORE_CREDENTIALS_INVALID",
      );
      expect(JSON.stringify(error)).not.toMatch(/"hush|hush"/);
    }
  });
});

describe.skipIf(process.platform === "win32")("a credential helper (no shell on Windows)", () => {
  async function install(script: string): Promise<Readonly<Record<string, string>>> {
    await chmod(await write("bin/docker-credential-fake", `#!/bin/sh\n${script}\n`), 0o755);
    return { PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}` };
  }

  it("is asked for the registries it is named for", async () => {
    const env = await install(
      'read address; printf \'{"ServerURL":"%s","Username":"%s","Secret":"s"}\' "$address" "$address-$1"',
    );
    await write(docker, { credHelpers: { "ghcr.io": "fake" } });
    expect(await ask("ghcr.io", "org/m", env)).toEqual({
      kind: "password",
      username: "ghcr.io-get",
      password: "s",
    });
    expect(await ask("quay.io", "org/m", env)).toBeUndefined();
  });

  it("is asked where containers' file names it, before any entry is read", async () => {
    const env = await install(
      'read address; printf \'{"Username":"helper","Secret":"%s"}\' "$address"',
    );
    await write(".config/containers/auth.json", {
      auths: {
        "ghcr.io": authOf("all:x"),
        "ghcr.io/org": authOf("org:x"),
        "quay.io": authOf("me:a:b"),
      },
      credHelpers: { "ghcr.io": "fake", "docker.io": "fake" },
    });
    await write(docker, { auths: { "ghcr.io": authOf("docker:x") } });
    const helped = { kind: "password", username: "helper" } as const;
    expect(await ask("ghcr.io", "org/m", env)).toEqual({ ...helped, password: "ghcr.io" });
    expect(await ask("registry-1.docker.io", "org/m", env)).toEqual({
      ...helped,
      password: "https://index.docker.io/v1/",
    });
    expect(await ask("quay.io", "org/m", env)).toEqual(me);
  });

  it("of containers' file that knows nothing leaves it to Docker's file", async () => {
    const env = await install('echo "credentials not found in native keychain"; exit 1');
    const path = await write(".config/containers/auth.json", {
      credHelpers: { "ghcr.io": "fake" },
    });
    await write(docker, { auths: { "ghcr.io": authOf("docker:x") } });
    expect(await ask("ghcr.io", "org/m", env)).toMatchObject({ username: "docker" });
    // The one file that the environment names has no other behind it.
    expect(await ask("ghcr.io", "org/m", { ...env, REGISTRY_AUTH_FILE: path })).toBeUndefined();
  });

  it("for all registries is asked where the file has no entry", async () => {
    const env = await install(
      'read address; printf \'{"Username":"<token>","Secret":"%s"}\' "$address"',
    );
    await write(docker, { credsStore: "fake", auths: { "quay.io": authOf("me:a:b"), "x.io": {} } });
    expect(await ask("quay.io", "org/m", env)).toEqual(me);
    expect(await ask("x.io", "org/m", env)).toEqual({ kind: "identity", token: "x.io" });
    expect(await ask("registry-1.docker.io", "org/m", env)).toEqual({
      kind: "identity",
      token: "https://index.docker.io/v1/",
    });
  });

  it("may know nothing, and may fail", async () => {
    await write(docker, { credsStore: "fake" });
    const unknown = await install('echo "credentials not found in native keychain"; exit 1');
    expect(await ask("ghcr.io", "org/m", unknown)).toBeUndefined();
    for (const script of ["exit 1", "echo hush", "kill -9 $$"]) {
      const env = await install(script);
      const error = await expectStoreError(
        ask("ghcr.io", "org/m", env),
        "ERR_STORE_CREDENTIALS_INVALID",
      );
      expect(JSON.stringify(error)).not.toContain("hush");
    }
  });
});

describe("the hub's token", () => {
  it("comes from the environment, else from the file its own tools write", async () => {
    expect(await readHubToken({ env: {}, home })).toBeUndefined();
    await write(".cache/huggingface/token", "hf_default\n");
    await write("hf/token", "hf_home\n");
    const path = await write("t", "hf_path\n");
    expect(await readHubToken({ env: {}, home })).toBe("hf_default");
    expect(await readHubToken({ env: { HF_HOME: join(home, "hf") }, home })).toBe("hf_home");
    expect(await readHubToken({ env: { HF_TOKEN_PATH: path }, home })).toBe("hf_path");
    expect(await readHubToken({ env: { HF_TOKEN: "hf_env", HF_TOKEN_PATH: path }, home })).toBe(
      "hf_env",
    );
    const env = { HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" };
    expect(await readHubToken({ env, home })).toBeUndefined();
  });

  it("is not looked for before the hub is asked, and then once", async () => {
    await using hub = await createFakeHub({ repositories: { "org/m": { files: { a: "x" } } } });
    let looked = 0;
    const source = createHuggingFaceSource({
      endpoint: hub.endpoint,
      token: async () => {
        looked += 1;
        return "hf_late\n";
      },
    });
    expect(looked).toBe(0);
    await source.resolve("hf.co/org/m");
    await source.resolve("hf.co/org/m");
    expect(looked).toBe(1);
    expect(hub.requests.at(-1)?.headers["authorization"]).toBe("Bearer hf_late");
  });

  it("of four kilobytes is another file by mistake", async () => {
    await write(".cache/huggingface/token", "x".repeat(5000));
    await expectStoreError(readHubToken({ env: {}, home }), "ERR_STORE_FILE_TOO_LARGE");
  });

  it("stays with the hub: the origin that serves its large files sees none", async () => {
    const files = { "model.gguf": new Uint8Array(100_000), "config.json": "{}" };
    await using hub = await createFakeHub({ repositories: { "org/m": { files } }, token: "hf_x" });
    const source = createHuggingFaceSource({
      endpoint: hub.endpoint,
      token: "hf_x",
      timers: createHastyTimers(),
    });
    const model = await source.resolve("hf.co/org/m");
    for (const file of model?.files ?? []) {
      if (model === undefined) continue;
      const { body } = await source.open(model, file, { start: 0, end: Infinity });
      for await (const chunk of body) expect(chunk.length).toBeGreaterThan(0);
    }
    const seen = hub.requests.map(({ server, headers }) => [server, headers["authorization"]]);
    expect(seen).toContainEqual(["hub", "Bearer hf_x"]);
    expect(seen).toContainEqual(["cdn", undefined]);
    expect(seen).not.toContainEqual(["cdn", "Bearer hf_x"]);
  });
});

it("the headers and the password of a plain URL stay with its origin", async () => {
  const files = { "model.gguf": new Uint8Array(100_000) };
  await using hub = await createFakeHub({ repositories: { "org/m": { files } } });
  const source = createUrlSource({ headers: { "x-api-key": "hush" }, timers: createHastyTimers() });
  const location = `${hub.endpoint.replace("//", "//me:hush@")}/org/m/resolve/main/model.gguf`;
  const model = await source.resolve(location);
  expect(model?.place).toBeUndefined();
  const foreign = hub.requests.filter(({ server }) => server === "cdn");
  expect(foreign.length).toBeGreaterThan(0);
  expect(JSON.stringify(foreign)).not.toMatch(/hush|authorization|x-api-key/i);
  const own = hub.requests.find(({ server }) => server === "hub");
  expect(own?.headers).toMatchObject({
    "x-api-key": "hush",
    authorization: expect.stringMatching(/^Basic /),
  });
});
