import { chmod, readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { createFakeHub, type FakeHub, generateGguf } from "@store/fetch/testing";
import { digestBytes, openBlobStore, openLayout } from "@store/layout";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

import { ndjson } from "./support/ndjson.ts";
import { runHere } from "./support/run-here.ts";
import { startStore, type StoreRun } from "./support/run-store.ts";
import { createSandbox, type Sandbox } from "./support/sandbox.ts";

const MIB = 1024 * 1024;
const model = generateGguf({ sizeBytes: 2 * MIB, seed: "events" });
const repositories = { "org/m": { files: { "m.gguf": model } } };
const MODEL = "hf.co/org/m/m.gguf";

type Event = Readonly<Record<string, unknown>> & { readonly kind: string };

let hub: FakeHub;
/** The keys of each kind, as docs/cli.md lists them. */
const documented = new Map<string, readonly string[]>();

beforeAll(async () => {
  hub = await createFakeHub({ repositories });
  const text = await readFile(resolve(import.meta.dirname, "../../../docs/cli.md"), "utf8");
  const table = text.split("\n## Events\n")[1]?.split("\n## ")[0] ?? "";
  for (const [, kind = "", keys = ""] of table.matchAll(/^\| `([a-z-]+)` \| (`[^|]*`) \|/gm)) {
    documented.set(kind, ["kind", ...[...keys.matchAll(/`(\w+)`/g)].map(([, key = ""]) => key)]);
  }
});
beforeEach(() => hub.setFaults({}));
afterAll(() => hub.close());

function store(sandbox: Sandbox, ...args: readonly string[]): Promise<StoreRun> {
  return runHere([...args, "--json"], {
    home: sandbox.home,
    env: { HF_ENDPOINT: hub.endpoint },
  });
}

const keysOf = (value: object): readonly string[] => Object.keys(value).toSorted();

/** The events of a run, after a look at whether each has the keys that are documented. */
function eventsOf({ stdout }: StoreRun): readonly Event[] {
  const events = ndjson(stdout) as readonly Event[];
  for (const event of events.filter(({ kind }) => kind !== "result")) {
    expect(keysOf(event)).toEqual(documented.get(event.kind)?.toSorted());
  }
  return events;
}

function only(events: readonly Event[], kind: string): Event {
  const found = events.filter((event) => event.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] ?? expect.fail(`no ${kind}`);
}

it("tells of an answer that broke off, and that it is asked for again", async () => {
  await using sandbox = await createSandbox();
  hub.setFaults({ cut: { afterBytes: 20_000, times: 1 } });
  const run = await store(sandbox, "pull", MODEL, "--connections", "1");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const retry = only(eventsOf(run), "retry");
  expect(keysOf(retry)).toEqual(["attempt", "code", "delayMs", "kind", "message", "path"]);
  expect(retry).toMatchObject({
    path: "m.gguf",
    attempt: 1,
    delayMs: expect.any(Number),
    code: "ERR_STORE_UPSTREAM_ERROR",
    message: expect.any(String),
  });
});

it("tells which place takes over, and why", async () => {
  await using sandbox = await createSandbox();
  await using mirror = await createFakeHub({ repositories });
  hub.setFaults({ refuse: { status: 404, times: 100, server: "cdn" } });
  const url = `${mirror.endpoint}/org/m/resolve/main/m.gguf`;
  const run = await store(sandbox, "pull", MODEL, "--mirror", url);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const takeover = only(eventsOf(run), "takeover");
  expect(keysOf(takeover)).toEqual(["code", "failed", "kind", "location", "message", "path"]);
  expect(takeover).toMatchObject({
    path: "m.gguf",
    location: url,
    failed: MODEL,
    code: "ERR_STORE_MODEL_NOT_FOUND",
    message: expect.any(String),
  });
});

it("tells that another process brings the bytes, as long as one does", async () => {
  await using sandbox = await createSandbox();
  const layout = await openLayout(sandbox.models);
  const digest = digestBytes(model.read(0, model.size));
  const held = await openBlobStore(layout).ingest({ digest, size: model.size });
  const started = startStore(["pull", MODEL, "--json"], {
    home: sandbox.home,
    env: { HF_ENDPOINT: hub.endpoint },
  });
  await new Promise<void>((settle, fail) => {
    let text = "";
    started.child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('"kind":"wait"')) settle();
    });
    started.child.on("exit", () => fail(new Error(`it did not wait: ${text}`)));
  });
  await held[Symbol.asyncDispose]();
  const run = await started.ended;
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const wait = only(eventsOf(run), "wait");
  expect(wait).toEqual({ kind: "wait", path: "m.gguf" });
});

it("ends a pull that fails with its error on standard error, and without a result", async () => {
  await using sandbox = await createSandbox();
  hub.setFaults({ flip: { path: "m.gguf", offset: 500_000 } });
  const run = await store(sandbox, "pull", MODEL);
  expect(run.code).toBe(6);
  const kinds = eventsOf(run).map(({ kind }) => kind);
  expect(kinds[0]).toBe("resolve");
  for (const kind of ["result", "publish", "file-done"]) expect(kinds).not.toContain(kind);
  expect(run.stderr).toMatch(/^[^\n]+\n$/);
  const error = JSON.parse(run.stderr) as object;
  expect(keysOf(error)).toEqual(["code", "detail", "hint", "kind", "message"]);
  expect(error).toMatchObject({ kind: "corrupt", code: "ERR_STORE_BLOB_DIGEST_MISMATCH" });
});

it("prints nothing but the error where a pull fails before it has begun", async () => {
  await using sandbox = await createSandbox();
  const run = await store(sandbox, "pull", "hf.co/org/nothing");
  expect(run).toMatchObject({ code: 3, stdout: "" });
  expect(JSON.parse(run.stderr)).toMatchObject({ code: "ERR_STORE_MODEL_NOT_FOUND" });
});

it("tells the same of a repair: what broke off, and who takes over", async () => {
  await using sandbox = await createSandbox();
  await store(sandbox, "pull", MODEL);
  const path = JSON.parse((await store(sandbox, "path", "m")).stdout) as { readonly path: string };
  await chmod(path.path, 0o644);
  const bytes = model.read(0, model.size);
  await writeFile(path.path, bytes.with(MIB, (bytes[MIB] ?? 0) ^ 1));
  await using first = await createFakeHub({ repositories });
  first.setFaults({ refuse: { status: 404, times: 100, server: "cdn" } });
  hub.setFaults({ cut: { afterBytes: 20_000, times: 1 } });
  const from = `${first.endpoint}/org/m/resolve/main/m.gguf`;
  const run = await store(sandbox, "repair", "m", "--from", from, "--connections", "1");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const events = eventsOf(run);
  expect(only(events, "takeover")).toMatchObject({ failed: from });
  expect(only(events, "retry")).toMatchObject({ attempt: 1 });
  expect(events.at(-1)).toMatchObject({ kind: "result", ok: true });
});
