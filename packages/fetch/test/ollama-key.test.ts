import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { digestBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createOllamaCredentials, createOllamaSource, pull } from "../src/index.ts";
import { createFakeRegistry, type FakeRegistry } from "../src/testing/index.ts";
import { createHastyTimers, openPorts } from "./open-ports.ts";

const bytes = createContent(300_000, 33);
const noKeygen =
  spawnSync("ssh-keygen", ["-?"], { stdio: "ignore" }).error === undefined
    ? ""
    : " (skipped: ssh-keygen is not installed)";

/** A key as OpenSSH writes it, built from the description of its format. */
interface MadeKey {
  readonly text: string;
  readonly publicKey: string;
  /** What must never leave this machine. */
  readonly seed: Buffer;
}

const field = (value: Buffer | string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
};

const armor = (binary: Uint8Array): string => {
  const lines = Buffer.from(binary)
    .toString("base64")
    .replaceAll(/(.{70})/g, "$1\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
};

function makeKey({ cipher = "none", type = "ssh-ed25519", point = -1 } = {}): MadeKey {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const seed = Buffer.from(d, "base64url");
  const half = point < 0 ? Buffer.from(x, "base64url") : Buffer.alloc(32, point);
  const blob = Buffer.concat([field(type), field(half)]);
  const secrets = Buffer.concat([
    Buffer.from("0123456701234567", "hex"),
    field(type),
    field(half),
    field(Buffer.concat([seed, half])),
    field("me@here"),
    Buffer.from([1, 2, 3, 4, 5]),
  ]);
  const binary = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field(cipher),
    field("none"),
    field(""),
    Buffer.from([0, 0, 0, 1]),
    field(blob),
    field(secrets),
  ]);
  return { text: armor(binary), publicKey: blob.toString("base64"), seed };
}

let home: string;
let registry: FakeRegistry | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "store-fetch-"));
  await mkdir(join(home, ".ollama"));
});
afterEach(async () => {
  await registry?.close();
  registry = undefined;
  await rm(home, { recursive: true });
});

const keyFile = (): string => join(home, ".ollama", "id_ed25519");

async function startRegistry(publicKey: string): Promise<FakeRegistry> {
  registry = await createFakeRegistry({ auth: { kind: "signature", publicKey } });
  const layers = [{ mediaType: "application/vnd.ollama.image.model", bytes }];
  registry.addModel("me/secret", "latest", { layers });
  return registry;
}

/** Pulls the private model with the key that is there. */
async function pullWith({ host }: FakeRegistry, registries = [host]) {
  const timers = createHastyTimers();
  const credentials = createOllamaCredentials({ home, registries });
  await using store = await openPorts([createOllamaSource({ credentials, timers })], timers);
  return await pull(`ollama+http://${host}/me/secret`, store.ports);
}

describe("a private model of Ollama's registry", () => {
  it("comes for the key that its account knows, which itself goes nowhere", async () => {
    const { text, publicKey, seed } = makeKey();
    await writeFile(keyFile(), text);
    const { requests } = await startRegistry(publicKey).then(async (started) => {
      const { files } = await pullWith(started);
      expect(files.map(({ digest }) => digest)).toContain(digestBytes(bytes));
      return started;
    });
    const signed = requests.filter(({ headers }) =>
      headers["authorization"]?.startsWith(`${publicKey}:`),
    );
    expect(signed.map(({ server, url }) => [server, url.split("?")[0]])).toEqual([
      ["registry", "/token"],
    ]);
    const storage = requests.filter(({ server }) => server === "storage");
    expect(storage).not.toHaveLength(0);
    for (const { headers } of storage) expect(headers).not.toHaveProperty("authorization");
    const said = JSON.stringify(requests);
    for (const form of ["hex", "base64", "base64url"] as const) {
      expect(said).not.toContain(seed.toString(form).replaceAll("=", ""));
    }
  });

  it("wants a signature of its own for every token", async () => {
    const { text, publicKey } = makeKey();
    await writeFile(keyFile(), text);
    const started = await startRegistry(publicKey);
    await pullWith(started);
    await pullWith(started);
    const asked = started.requests.filter(({ url }) => url.startsWith("/token"));
    expect(new Set(asked.map(({ headers }) => headers["authorization"])).size).toBe(2);
    expect(asked[0]?.url).toMatch(
      /^\/token\?nonce=[\w-]{22}&scope=repository%3Ame%2Fsecret%3Apull&service=fake&ts=\d{10}$/,
    );
  });

  it("stays closed without a key, and to another, with advice", async () => {
    const started = await startRegistry(makeKey().publicKey);
    const required = await expectStoreError(pullWith(started), "ERR_STORE_AUTH_REQUIRED");
    expect(required.hint).toContain("ollama signin");
    await writeFile(keyFile(), makeKey().text);
    await expectStoreError(pullWith(started), "ERR_STORE_AUTH_REFUSED");
  });

  it.skipIf(noKeygen !== "")(`comes for a key that ssh-keygen made${noKeygen}`, async () => {
    const made = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile()]);
    expect(made.status).toBe(0);
    const line = await readFile(`${keyFile()}.pub`, "utf8");
    const { files } = await pullWith(await startRegistry(line.split(" ")[1] ?? ""));
    expect(files).not.toHaveLength(0);
  });
});

describe("the key of Ollama", () => {
  it("is shown to no registry that is not named, nor read for one", async () => {
    await writeFile(keyFile(), "no key");
    const { publicKey } = makeKey();
    const started = await startRegistry(publicKey);
    await expectStoreError(pullWith(started, ["registry.ollama.ai"]), "ERR_STORE_AUTH_REQUIRED");
    const lookup = createOllamaCredentials({ home });
    expect(await lookup("ollama.example", "me/secret")).toBeUndefined();
    for (const { headers } of started.requests) {
      expect(headers["authorization"] ?? "").not.toContain(":");
    }
  });

  it("is looked for in the user's home, and need not be there", async () => {
    const lookup = createOllamaCredentials({ home });
    expect(await lookup("registry.ollama.ai", "me/secret")).toBeUndefined();
    await writeFile(keyFile(), makeKey().text);
    expect(await lookup("registry.ollama.ai", "me/secret")).toMatchObject({ kind: "signature" });
  });

  const whole = Buffer.from(makeKey().text.replaceAll(/-.*-\n/g, ""), "base64");
  const unusable: Readonly<Record<string, string>> = {
    empty: "",
    "a public key": "ssh-ed25519 AAAA me@here",
    "with a passphrase": makeKey({ cipher: "aes256-ctr" }).text,
    "of another kind": makeKey({ type: "ssh-rsa" }).text,
    "whose halves are not of one key": makeKey({ point: 9 }).text,
    "with a length beyond its end": armor(
      Buffer.concat([whole.subarray(0, 15), Buffer.from("ffffffff", "hex"), whole.subarray(19)]),
    ),
  };
  for (const [what, text] of Object.entries(unusable)) {
    it(`that is ${what} cannot be used, and nothing of it is told`, async () => {
      await writeFile(keyFile(), text);
      const lookup = createOllamaCredentials({ home });
      const error = await expectStoreError(
        lookup("registry.ollama.ai", "me/secret"),
        "ERR_STORE_CREDENTIALS_INVALID",
      );
      expect(error.detail).toEqual({ path: keyFile() });
      expect(error.message).toMatch(/cannot be used: it is no Ed25519 key/);
    });
  }

  it("that is cut anywhere before its end cannot be used", async () => {
    const lookup = createOllamaCredentials({ home });
    // What follows the key itself, a comment and padding, is nothing we need.
    for (let length = 0; length < whole.length - 16; length += 5) {
      await writeFile(keyFile(), armor(whole.subarray(0, length)));
      await expectStoreError(
        lookup("registry.ollama.ai", "me/secret"),
        "ERR_STORE_CREDENTIALS_INVALID",
      );
    }
  });
});
