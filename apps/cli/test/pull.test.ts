import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import {
  createFakeHub,
  type FakeHub,
  type GeneratedFile,
  generateGguf,
  generateSafetensors,
} from "@store/fetch/testing";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

import { ndjson, untilProgress } from "./support/ndjson.ts";
import { runHere } from "./support/run-here.ts";
import { startStore, type StoreRun } from "./support/run-store.ts";
import { createSandbox, type Sandbox } from "./support/sandbox.ts";

const MIB = 1024 * 1024;
const small = generateGguf({ sizeBytes: MIB, name: "Small", license: "mit" });
const medium = generateGguf({ sizeBytes: 8 * MIB, seed: "medium" });
const sharded = generateSafetensors({ sizeBytes: 3 * MIB, shardCount: 3 });

let hub: FakeHub;

beforeAll(async () => {
  hub = await createFakeHub({
    token: "hf_secret",
    repositories: {
      "org/small": { files: { "small.gguf": small, "README.md": "# Small\n" }, license: "mit" },
      "org/medium": { files: { "medium.gguf": medium } },
      "org/sharded": { files: sharded },
      "org/gated": { files: { "gated.gguf": small }, gated: true },
    },
  });
});
beforeEach(() => {
  hub.setFaults({});
});
afterAll(() => hub.close());

interface PullCounts {
  readonly bytesFetched: number;
  readonly bytesReused: number;
}

function pull(sandbox: Sandbox, args: readonly string[], env = {}): Promise<StoreRun> {
  return runHere(["pull", ...args], {
    home: sandbox.home,
    env: { HF_ENDPOINT: hub.endpoint, ...env },
  });
}

function sha256(file: GeneratedFile): string {
  return createHash("sha256").update(file.read(0, file.size)).digest("hex");
}

it("fetches one file of a repository, and names it after the file", async () => {
  await using sandbox = await createSandbox();
  const env = { HF_ENDPOINT: hub.endpoint };
  const run = await sandbox.spawn(["pull", "hf.co/org/small/small.gguf"], { env });
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/^pulled small: 1 file, [\d.]+ MiB fetched, in \d+s\n$/);
  // Not a terminal: plain lines, nothing that moves a cursor.
  expect(run.stderr).toContain("fetching small.gguf\n");
  expect(run.stderr).not.toMatch(/[\r\u001B]/);

  const shown = await sandbox.json("show", "small");
  expect(shown).toMatchObject({
    format: "gguf",
    license: "mit",
    files: [{ path: "small.gguf", digest: `sha256:${sha256(small)}`, present: true }],
  });
  expect((await sandbox.run("list")).stdout).toMatch(
    / gguf +just now +127\.0\.0\.1:\d+\/org\/small/,
  );

  const served = hub.bytesServed;
  const again = await pull(sandbox, ["hf.co/org/small/small.gguf"]);
  expect(again.stdout).toMatch(/^pulled small: 1 file, 0 B fetched, [\d.]+ MiB were here already/);
  expect(hub.bytesServed).toBe(served);
});

it("fetches a model of several files, and opens it as a directory", async () => {
  await using sandbox = await createSandbox();
  const run = await pull(sandbox, ["hf.co/org/sharded", "--as", "me/sharded:v1"]);
  expect(run.code).toBe(0);
  const { stdout } = await sandbox.run("path", "me/sharded:v1");
  const names = await readdir(stdout.trimEnd());
  expect(names.toSorted()).toEqual(Object.keys(sharded).toSorted());
  for (const [name, file] of Object.entries(sharded)) {
    const bytes = await readFile(join(stdout.trimEnd(), name));
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256(file));
  }
});

it("takes and leaves files by pattern", async () => {
  await using sandbox = await createSandbox();
  const args = ["hf.co/org/sharded", "--include", "*.safetensors", "--exclude", "*-00003-*"];
  const dry = await pull(sandbox, [...args, "--dry-run"]);
  expect(dry.stderr).toBe("");
  expect(dry.stdout).toMatch(
    /^missing model-00001-of-00003\.safetensors \(.*\)\nmissing model-00002-of-00003\.safetensors \(.*\)\nwould fetch 2 files, [^\n]* for /,
  );
  expect(await sandbox.snapshot()).toEqual([]);
  const run = await pull(sandbox, args);
  expect(run.stdout).toMatch(/: 2 files, /);
});

it("reports every step as a line of JSON, and the result last", async () => {
  await using sandbox = await createSandbox();
  const run = await pull(sandbox, ["hf.co/org/small/small.gguf", "--json"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const events = ndjson(run.stdout);
  const kinds = events.map(({ kind }) => kind);
  expect(kinds[0]).toBe("resolve");
  for (const kind of ["file-start", "file-done", "publish"]) expect(kinds).toContain(kind);
  const path = "small.gguf";
  const { size } = small;
  const verified = expect.any(Number);
  const source = new URL(hub.endpoint).host;
  const ranges = events.filter(({ kind }) => kind === "range");
  expect(ranges[0]).toEqual({ kind: "range", path, start: 0, end: expect.any(Number), source });
  expect(ranges).toContainEqual(expect.objectContaining({ end: size }));
  expect(events).toContainEqual({ kind: "verify", path, verified, total: size });
  const progress = { kind: "progress", path, received: size, total: size, verified };
  expect(events).toContainEqual({ ...progress, bytesPerSecond: expect.any(Number) });
  expect(kinds.filter((kind) => kind === "result")).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({
    kind: "result",
    dryRun: false,
    name: "small",
    descriptor: { digest: expect.stringMatching(/^sha256:/) },
    revision: expect.stringMatching(/^[0-9a-f]{40}$/),
    files: [{ path: "small.gguf", digest: `sha256:${sha256(small)}`, reused: false }],
    bytesFetched: small.size,
    bytesReused: 0,
  });
});

it("goes on where a killed pull stopped", { timeout: 60_000 }, async () => {
  await using sandbox = await createSandbox();
  const large = generateGguf({ sizeBytes: 128 * MIB, seed: "large" });
  await hub.setRepository("org/large", { files: { "large.gguf": large } });
  hub.setFaults({ bytesPerSecond: 40 * MIB });
  const env = { HF_ENDPOINT: hub.endpoint };
  const args = ["pull", "hf.co/org/large/large.gguf", "--json"];
  const first = startStore(args, { home: sandbox.home, env });
  await untilProgress(first.child, 80 * MIB);
  first.child.kill("SIGKILL");
  expect(await first.ended).toMatchObject({ code: undefined, signal: "SIGKILL" });
  expect((await sandbox.run("list", "-q")).stdout).toBe("");

  hub.setFaults({});
  const servedBefore = hub.bytesServed;
  const second = await startStore(args, { home: sandbox.home, env }).ended;
  expect(second.code).toBe(0);
  const result = ndjson(second.stdout).at(-1) as unknown as PullCounts;
  // At most 64 MiB were not durable yet, and nothing that was is asked for again.
  expect(result.bytesReused).toBeGreaterThanOrEqual(16 * MIB);
  expect(result.bytesFetched).toBe(large.size - result.bytesReused);
  expect(hub.bytesServed - servedBefore).toBeLessThan(result.bytesFetched + MIB);
  const { stdout } = await sandbox.run("path", "large");
  expect((await stat(stdout.trimEnd())).size).toBe(large.size);
  expect(await sandbox.run("verify", "large")).toMatchObject({ code: 0 });
});

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "ends at once on %s, keeps what arrived, and says how to go on",
  async (signal, code) => {
    await using sandbox = await createSandbox();
    hub.setFaults({ bytesPerSecond: MIB });
    const env = { HF_ENDPOINT: hub.endpoint };
    const args = ["pull", "hf.co/org/medium/medium.gguf"];
    const first = startStore(args, { home: sandbox.home, env });
    await untilPartial(sandbox, 2 * MIB);
    first.child.kill(signal);
    const ended = await first.ended;
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(/stopped; the same command goes on where this one ended\n$/);

    hub.setFaults({});
    const second = await pull(sandbox, ["hf.co/org/medium/medium.gguf"]);
    expect(second.code).toBe(0);
    expect(second.stderr).toMatch(/^resuming medium\.gguf: .* are here already$/m);
  },
);

it("lets two pulls of one model at once end well, with one copy of the bytes", async () => {
  await using sandbox = await createSandbox();
  hub.setFaults({ bytesPerSecond: 4 * MIB });
  const env = { HF_ENDPOINT: hub.endpoint };
  const args = ["pull", "hf.co/org/medium/medium.gguf"];
  const runs = await Promise.all([
    sandbox.spawn(args, { env }),
    sandbox.spawn([...args, "--as", "other"], { env }),
  ]);
  expect(runs.map(({ code }) => code)).toEqual([0, 0]);
  expect((await sandbox.run("list", "-q")).stdout).toBe("medium\nother\n");
  const [one, two] = await Promise.all([
    sandbox.run("path", "medium"),
    sandbox.run("path", "other"),
  ]);
  expect(one.stdout).toBe(two.stdout);
  expect(await sandbox.run("verify")).toMatchObject({ code: 0 });
});

it("asks for a token, takes one from the environment or from standard input, and never shows it", async () => {
  await using sandbox = await createSandbox();
  const location = "hf.co/org/gated/gated.gguf";
  const refused = await pull(sandbox, [location]);
  expect(refused).toMatchObject({ code: 8, stdout: "" });
  expect(refused.stderr).toMatch(/^hint: .*HF_TOKEN/m);

  const byEnvironment = await pull(sandbox, [location], { HF_TOKEN: "hf_secret" });
  expect(byEnvironment.code).toBe(0);
  const byInput = await sandbox.spawn(["pull", location, "--as", "again", "--token-stdin"], {
    env: { HF_ENDPOINT: hub.endpoint },
    stdin: "hf_secret\n",
  });
  expect(byInput.code).toBe(0);
  for (const run of [byEnvironment, byInput]) {
    expect(run.stdout + run.stderr).not.toContain("hf_secret");
  }
  for (const request of hub.requests.filter(({ server }) => server === "cdn")) {
    expect(request.headers).not.toHaveProperty("authorization");
  }
});

it("does not record what arrived damaged, and keeps it as evidence", async () => {
  await using sandbox = await createSandbox();
  hub.setFaults({ flip: { path: "small.gguf", offset: 500_000 } });
  const run = await pull(sandbox, ["hf.co/org/small/small.gguf"]);
  expect(run).toMatchObject({ code: 6, stdout: "" });
  expect(run.stderr).toMatch(/^store: .*\nhint: .*\n$/m);
  expect((await sandbox.run("list", "-q")).stdout).toBe("");
  expect(await readdir(join(sandbox.models, "locks/quarantine"))).not.toEqual([]);
});

it("gives up on a server that never sends a file whole, and keeps what it sent", async () => {
  await using sandbox = await createSandbox();
  hub.setFaults({ cut: { afterBytes: 20_000 } });
  const run = await pull(sandbox, ["hf.co/org/small/small.gguf", "--connections", "1"]);
  expect(run).toMatchObject({ code: 10, stdout: "" });
  expect(run.stderr).toMatch(/trying again in \d+s$/m);
  expect((await sandbox.run("list", "-q")).stdout).toBe("");
});

it("refuses to use the network when it is told to", async () => {
  await using sandbox = await createSandbox();
  const asked = hub.requests.length;
  for (const [args, env] of [
    [["--offline"], {}],
    [[], { HF_HUB_OFFLINE: "1" }],
  ] as const) {
    const run = await pull(sandbox, ["hf.co/org/small", ...args], env);
    expect(run.code).toBe(10);
  }
  expect(hub.requests.length).toBe(asked);
});

it("goes on fetching when the reader of its words has left", async () => {
  await using sandbox = await createSandbox();
  const env = { HF_ENDPOINT: hub.endpoint };
  const args = ["pull", "hf.co/org/medium/medium.gguf", "--json"];
  const started = startStore(args, { home: sandbox.home, env });
  // The text of a pipe that was closed never ends.
  started.ended.catch(() => {});
  const exit = new Promise((settle) => started.child.on("exit", settle));
  started.child.stdout?.destroy();
  expect(await exit).toBe(0);
  expect((await sandbox.run("list", "-q")).stdout).toBe("medium\n");
});

/** Waits until a transfer has put so many bytes on disk. */
async function untilPartial(sandbox: Sandbox, bytes: number): Promise<void> {
  for (;;) {
    const names = await readdir(sandbox.models, { recursive: true }).catch(() => []);
    for (const name of names.filter((path) => path.endsWith("data.tmp"))) {
      const found = await stat(join(sandbox.models, name)).catch(() => undefined);
      if ((found?.blocks ?? 0) * 512 >= bytes) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
