import { chmod, open, readdir, readFile, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  createFakeHub,
  createFakeRegistry,
  type FakeHub,
  generateGguf,
} from "@store/fetch/testing";
import { digestBytes } from "@store/layout";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

import { ndjson } from "./support/ndjson.ts";
import { runHere } from "./support/run-here.ts";
import type { StoreRun } from "./support/run-store.ts";
import { createSandbox, type Sandbox } from "./support/sandbox.ts";

const MIB = 1024 * 1024;
const model = generateGguf({ sizeBytes: 9 * MIB, seed: "repair" });

let hub: FakeHub;

beforeAll(async () => {
  hub = await createFakeHub({ repositories: { "org/m": { files: { "m.gguf": model } } } });
});
beforeEach(() => hub.setFaults({}));
afterAll(() => hub.close());

function store(sandbox: Sandbox, ...args: readonly string[]): Promise<StoreRun> {
  return runHere(args, { home: sandbox.home, env: { HF_ENDPOINT: hub.endpoint } });
}

/** One wrong bit, of which neither size nor time tells. */
async function flipBit(path: string, offset: number): Promise<void> {
  const { mtime } = await stat(path);
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  await file.write(new Uint8Array([(byte[0] ?? 0) ^ 1]), 0, 1, offset);
  await file.close();
  await chmod(path, 0o444);
  await utimes(path, mtime, mtime);
}

const nameOf = (path: string): string => `sha256:${path.split("/").at(-2) ?? ""}`;

/** A store with the model in it, one chunk of which is damaged. */
async function damage(sandbox: Sandbox): Promise<{ path: string; digest: string }> {
  await store(sandbox, "pull", "hf.co/org/m");
  const path = (await store(sandbox, "path", "m")).stdout.trimEnd();
  await flipBit(path, 5 * MIB);
  return { path, digest: nameOf(path) };
}

it("fetches only the damaged chunk of a model, as the finding advises", async () => {
  await using sandbox = await createSandbox();
  const { path, digest } = await damage(sandbox);
  const wrong = await readFile(path);
  const verified = await store(sandbox, "verify");
  expect(verified.code).toBe(6);
  const command = /`store (repair [^`]*)`/.exec(verified.stdout)?.[1] ?? "";
  expect(command).toBe(`repair ${digest}`);
  const before = hub.bytesServed;
  expect(await store(sandbox, ...command.split(" "))).toMatchObject({ code: 0 });
  expect(hub.bytesServed - before).toBe(4 * MIB);
  expect(await store(sandbox, "verify")).toMatchObject({ code: 0 });
  const quarantine = join(sandbox.models, "locks", "quarantine");
  const kept = (await readdir(quarantine)).filter((name) => name.endsWith(".bin"));
  expect(kept).toHaveLength(1);
  expect(Buffer.compare(await readFile(join(quarantine, kept[0] ?? "")), wrong)).toBe(0);
});

it("says what it did in JSON, and nothing is done where nothing is wrong", async () => {
  await using sandbox = await createSandbox();
  const { digest } = await damage(sandbox);
  const result = async (): Promise<unknown> =>
    ndjson((await store(sandbox, "--json", "repair", "m")).stdout).at(-1);
  expect(await result()).toMatchObject({
    kind: "result",
    ok: true,
    blobs: [{ digest, repaired: true, bytesFetched: 4 * MIB, bytesKept: model.size - 4 * MIB }],
    failed: [],
  });
  const { length } = hub.requests;
  expect(await result()).toMatchObject({ blobs: [{ digest, repaired: false, bytesFetched: 0 }] });
  expect(hub.requests).toHaveLength(length);
});

it("leaves everything as it was where no place helps", async () => {
  await using sandbox = await createSandbox();
  const { path, digest } = await damage(sandbox);
  const wrong = await readFile(path);
  const offline = await store(sandbox, "repair", "--offline", digest);
  expect(offline.code).toBe(10);
  hub.setFaults({ flip: { path: "m.gguf", offset: 6 * MIB } });
  const lied = await store(sandbox, "repair", digest);
  expect(lied.code).toBe(6);
  expect(Buffer.compare(await readFile(path), wrong)).toBe(0);
});

it("takes the bytes from the place it is told to, when no other has them", async () => {
  await using sandbox = await createSandbox();
  const file = await sandbox.writeModel("mine.gguf");
  await store(sandbox, "add", file);
  const path = (await store(sandbox, "path", "mine")).stdout.trimEnd();
  await flipBit(path, 100);
  const alone = await store(sandbox, "repair", "mine");
  expect(alone.code).toBe(3);
  expect(alone.stderr).toContain("--from");
  expect(await store(sandbox, "repair", "mine", "--from", file)).toMatchObject({ code: 0 });
  expect(await store(sandbox, "verify")).toMatchObject({ code: 0 });
});

it("repairs every file of a registry's model, and its manifest without asking anybody", async () => {
  await using sandbox = await createSandbox();
  await using registry = await createFakeRegistry({ auth: { kind: "anonymous" } });
  const layers = [
    { mediaType: "application/vnd.ollama.image.model", bytes: model.read(0, model.size) },
    {
      mediaType: "application/vnd.ollama.image.template",
      bytes: new TextEncoder().encode("{{ .Prompt }}"),
    },
  ];
  const { digest: manifest } = registry.addModel("org/m", "v1", { layers });
  const place = `oci+http://${registry.host}/org/m:v1`;
  expect(await store(sandbox, "pull", place)).toMatchObject({ code: 0 });
  const blobs = join(sandbox.models, "blobs", "sha256");
  for (const entry of await readdir(blobs, { recursive: true })) {
    if (entry.endsWith("/data")) await flipBit(join(blobs, entry), 1);
  }
  const repaired = await store(sandbox, "--json", "repair", `${registry.host}/org/m:v1`);
  expect(repaired).toMatchObject({ code: 0 });
  const last = ndjson(repaired.stdout).at(-1);
  expect(last).toMatchObject({ ok: true, failed: [] });
  const asked = registry.requests.map(({ url }) => url);
  expect(asked.filter((url) => url.includes(manifest))).toEqual([]);
  expect(await store(sandbox, "verify")).toMatchObject({ code: 0 });
});

it("takes nothing of a place that has another file, and asks the next one", async () => {
  await using sandbox = await createSandbox();
  const { path, digest } = await damage(sandbox);
  const other = await sandbox.write("other.bin", "x");
  const large = await sandbox.write("large.bin", new Uint8Array(model.size));
  const repaired = await store(sandbox, "repair", digest, "--from", other, "--from", large);
  expect(repaired).toMatchObject({ code: 0 });
  expect(digestBytes(await readFile(path))).toBe(digest);
  expect((await store(sandbox, "repair", digest, "--from", "nonsense")).code).toBe(2);
});

it("says so where the only place that is named has no such file", async () => {
  await using sandbox = await createSandbox();
  const file = await sandbox.writeModel("mine.gguf");
  await store(sandbox, "add", file);
  await flipBit((await store(sandbox, "path", "mine")).stdout.trimEnd(), 100);
  await sandbox.write("others/a.bin", "a");
  const other = await sandbox.write("others/b.bin", "b");
  const run = await store(sandbox, "repair", "mine", "--from", dirname(other));
  expect(run).toMatchObject({ code: 3, stdout: "" });
  expect(run.stderr).toContain(`${dirname(other)} has no file that could be it`);
});

it("hands out the right bytes from then on, where files go by their own names as well", async () => {
  await using sandbox = await createSandbox();
  const files = { "m.gguf": model, "README.md": "# M\n" };
  await hub.setRepository("org/two", { files });
  await store(sandbox, "pull", "hf.co/org/two");
  const view = async (): Promise<string> =>
    (await store(sandbox, "path", "hf.co/org/two:main", "m.gguf")).stdout.trimEnd();
  const path = await view();
  const digest = digestBytes(await readFile(path));
  await flipBit(path, 5 * MIB);
  expect(await store(sandbox, "repair", "hf.co/org/two:main")).toMatchObject({ code: 0 });
  expect(digestBytes(await readFile(await view()))).toBe(digest);
});

it("goes on with the others where one cannot be repaired, and fails with it", async () => {
  await using sandbox = await createSandbox();
  const { path } = await damage(sandbox);
  const file = await sandbox.writeModel("mine.gguf");
  await store(sandbox, "add", file);
  const mine = (await store(sandbox, "path", "mine")).stdout.trimEnd();
  await flipBit(mine, 100);
  const run = await store(sandbox, "repair", "mine", "m");
  expect(run.code).toBe(3);
  expect(run.stdout).toContain(`repaired ${nameOf(path)}`);
});

it("takes a mirror where the place itself has no bytes to give", async () => {
  await using sandbox = await createSandbox();
  await using mirror = await createFakeHub({
    repositories: { "org/m": { files: { "m.gguf": model } } },
  });
  hub.setFaults({ refuse: { status: 404, times: 100, server: "cdn" } });
  const url = `${mirror.endpoint}/org/m/resolve/main/m.gguf`;
  const pulled = await store(sandbox, "pull", "hf.co/org/m", "--mirror", url);
  expect(pulled).toMatchObject({ code: 0 });
  expect(pulled.stderr).toContain(`now from ${url}`);
  const nonsense = await store(sandbox, "pull", "hf.co/org/m", "--mirror", "nonsense");
  expect(nonsense.code).toBe(2);
});

it("tells of a digest or name that is not there", async () => {
  await using sandbox = await createSandbox();
  expect(await store(sandbox, "repair", "nothing")).toMatchObject({ code: 3 });
  expect(await store(sandbox, "repair", `sha256:${"0".repeat(64)}`)).toMatchObject({ code: 3 });
});
