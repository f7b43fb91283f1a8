import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type Digest } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { encodeModelPack, parseName } from "@store/manifest";
import { createPackWriter } from "@store/pack";

import { type Ask, bytesOf, createAsk, errorOf } from "./support/ask.ts";
import { ABSENT_DIGEST, createTestStore, flipBit, type TestStore } from "./support/test-store.ts";

let store: TestStore;
let ask: Ask;

beforeEach(async () => {
  store = await createTestStore();
  ask = createAsk(store);
});

afterEach(() => store[Symbol.asyncDispose]());

async function json(path: string): Promise<unknown> {
  const response = await ask(path);
  expect(response.status).toBe(200);
  return response.json();
}

/** A model of one file under a flat name. */
async function addModel(name: string, sizeBytes: number): Promise<Digest> {
  const digest = await store.add(createContent(sizeBytes, sizeBytes));
  await store.name(name, digest, sizeBytes);
  return digest;
}

describe("GET /health", () => {
  it("says that the daemon runs and which one it is, and not where the store lies", async () => {
    const response = await ask("/health");
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({ status: "ok", version: "1.2.3" });
    expect(text).not.toContain(store.root);
  });

  it("answers HEAD with the fields of GET", async () => {
    const [get, head] = [await ask("/health"), await ask("/health", {}, { method: "HEAD" })];
    expect([...head.headers]).toEqual([...get.headers]);
    expect(head.headers.get("content-length")).toBe(String((await bytesOf(get)).length));
    expect(head.body).toBeNull();
  });
});

describe("GET /v1/models", () => {
  it("lists nothing where there is no store yet, and creates none", async () => {
    expect(await json("/v1/models")).toEqual({ models: [] });
    expect(store.fs.calls.filter((call) => !/^(?:l?stat|entries|readdir)/.test(call))).toEqual([]);
  });

  it("lists every model by its full name, ascending, with its size", async () => {
    await addModel("zebra", 30);
    await addModel("ant", 20);
    expect(await json("/v1/models")).toMatchObject({
      models: [
        { name: "ant", kind: "v1", fileCount: 1, size: 20 },
        { name: "zebra", kind: "v1", fileCount: 1, size: 30 },
      ],
    });
  });

  it("gives pages that put together are the list", async () => {
    const names = ["a", "b", "c", "d", "e"];
    for (const [index, name] of names.entries()) await addModel(name, index + 1);
    const seen: string[] = [];
    let path = "/v1/models?limit=2";
    for (let page = 0; page < 5; page += 1) {
      const { models, next } = (await json(path)) as { models: { name: string }[]; next?: string };
      seen.push(...models.map(({ name }) => name));
      if (next === undefined) break;
      expect(models).toHaveLength(2);
      path = `/v1/models?limit=2&after=${encodeURIComponent(next)}`;
    }
    expect(seen).toEqual(names);
  });

  it("lists a model whose manifest cannot be read with the reason, and the others as ever", async () => {
    await addModel("good", 10);
    await writeFile(join(store.layout.paths.manifests, "bad.json"), "{");
    await writeFile(join(store.layout.paths.manifests, "newer.json"), `{"schema_version": 99}`);
    const text = JSON.stringify(await json("/v1/models"));
    expect(JSON.parse(text)).toMatchObject({
      models: [
        { name: "bad", error: { kind: "corrupt", code: "ERR_STORE_MANIFEST_INVALID" } },
        { name: "good", size: 10 },
        { name: "newer", error: { kind: "unsupported" } },
      ],
    });
    expect(text).not.toContain(store.root);
  });

  it.each(["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "after=..", "after="])(
    "refuses the query %s",
    async (query) => {
      expect(await errorOf(await ask(`/v1/models?${query}`))).toMatchObject({ status: 400 });
    },
  );
});

describe("GET /v1/models/:name", () => {
  it("shows the files of a model and where to get them", async () => {
    const digest = await addModel("tiny", 100);
    const detail = (await json("/v1/models/tiny")) as { files: { url: string }[] };
    expect(detail).toEqual({
      name: "tiny",
      kind: "v1",
      manifest: {
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        size: expect.any(Number),
        mediaType: expect.any(String),
      },
      format: "gguf",
      license: "MIT",
      source: { registry: "", repo: "", revision: "", filename: "tiny.gguf" },
      producedBy: "test/1",
      producedAt: "2026-11-21T00:00:00Z",
      complete: true,
      files: [
        {
          path: "tiny.gguf",
          digest,
          size: 100,
          mediaType: "",
          role: "weights",
          state: "present",
          url: `/v1/blobs/${digest}`,
        },
      ],
    });
    expect(await bytesOf(await ask(detail.files[0]?.url ?? ""))).toEqual(createContent(100, 100));
  });

  it("finds a full reference with its slashes and colons escaped, however it is spelled", async () => {
    const files = await Promise.all(
      ["a.gguf", "dir/b.txt"].map(async (path, index) => {
        const bytes = createContent(50 + index, index + 1);
        return { path, digest: await store.add(bytes), size: bytes.length };
      }),
    );
    const pack = encodeModelPack(files);
    await store.add(pack.config.bytes);
    const full = "registry.example:5000/team/model:v1";
    const { name } = parseName(full);
    if (name === undefined) expect.fail();
    await store.manifests.put(name, pack.bytes);

    for (const text of [full, full.toUpperCase()]) {
      expect(await json(`/v1/models/${encodeURIComponent(text)}`)).toMatchObject({
        name: full,
        kind: "image",
        complete: true,
        files: files.map((file) => ({ ...file, state: "present" })),
      });
    }
    // Escaped twice, it is another name, and no valid one.
    const twice = encodeURIComponent(encodeURIComponent(full));
    expect((await ask(`/v1/models/${twice}`)).status).toBe(400);
    // Not escaped, it is another path.
    expect((await ask(`/v1/models/${full}`)).status).toBe(404);
  });

  it("says which files are missing or damaged", async () => {
    const gone = await addModel("gone", 100);
    await rm(store.layout.paths.blobDirectory(gone), { recursive: true });
    const short = await addModel("short", 200);
    await rm(store.layout.paths.blob(short));
    await store.plant(short, createContent(199));
    const empty = await addModel("empty", 300);
    await rm(store.layout.paths.blob(empty));
    await store.plant(empty, new Uint8Array());
    const states: unknown[] = [];
    for (const name of ["gone", "short", "empty"]) {
      const detail = (await json(`/v1/models/${name}`)) as {
        complete: boolean;
        files: { state: string }[];
      };
      expect(detail.complete).toBe(false);
      states.push(detail.files[0]?.state);
    }
    expect(states).toEqual(["missing", "damaged", "damaged"]);
  });

  it("answers 404 for a name that leads nowhere", async () => {
    expect(await errorOf(await ask("/v1/models/nothing"))).toEqual({
      status: 404,
      kind: "not-found",
      code: "ERR_STORE_MANIFEST_NOT_FOUND",
    });
  });

  it("answers 500 for a manifest that cannot be read, without its path", async () => {
    const path = join(store.layout.paths.manifests, "bad.json");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "{");
    const response = await ask("/v1/models/bad");
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { kind: "corrupt" } });
    expect(text).not.toContain(store.root);
    expect(text).not.toContain(".json");
    expect(text).not.toMatch(/\.ts\b|node:/);
  });

  it.each([
    "..",
    "%2e%2e",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2fetc%2fpasswd",
    "a%2f..%2fb",
    "..%5c..%5cx",
    "C%3A%5Cx",
    "a%00b",
    "a%0d%0ab",
    "a%1b%5b31m",
    "%e2%80%ae",
    "%ed%a0%80",
    "%ff",
    "%",
    "a%20b",
    "con",
    "NUL.gguf",
    "x.json",
    ".hidden",
    "x.",
    `sha256:${"a".repeat(64)}`,
    `x@sha256:${"a".repeat(64)}`,
    "http:%2f%2fevil.example%2fx",
    "short%3Atag",
  ])("refuses %s without a look at the disk", async (text) => {
    const before = store.fs.calls.length;
    const response = await ask(`/v1/models/${text}`);
    const body = await response.text();
    expect(body).toMatch(/^[\x20-\x7e]*\n$/);
    // The URL parser resolves dot segments itself: what is left is another path.
    const code = response.status === 404 ? "ROUTE_NOT_FOUND" : "REF_INVALID";
    expect(JSON.parse(body)).toMatchObject({ error: { code: `ERR_STORE_${code}` } });
    expect(store.fs.calls).toHaveLength(before);
  });

  it("refuses names that are too long for any store", async () => {
    for (const count of [129, 1025, 8000]) {
      const response = await ask(`/v1/models/${"a".repeat(count)}`);
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeLessThan(500);
    }
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "takes %s for a name like any other",
    async (name) => {
      expect((await ask(`/v1/models/${name}`)).status).toBe(404);
    },
  );
});

describe("a packed blob", () => {
  const bytes = createContent(10_000, 3);

  async function packBlob(): Promise<Digest> {
    await using writer = createPackWriter(store.layout);
    const added = await writer.add(bytes);
    if (added.status !== "added") expect.fail();
    await writer.finish();
    return added.object.digest;
  }

  it("is served like any other, whole and in part", async () => {
    const digest = await packBlob();
    expect(await bytesOf(await ask(`/v1/blobs/${digest}`))).toEqual(bytes);
    const part = await ask(`/v1/blobs/${digest}`, { range: "bytes=100-199" });
    expect(part.status).toBe(206);
    expect(await bytesOf(part)).toEqual(bytes.slice(100, 200));
  });

  it("is an error and no bytes when its pack is damaged", async () => {
    const digest = await packBlob();
    await store.packs.refresh();
    const [pack] = store.packs.packs();
    await flipBit(
      join(store.layout.paths.packs, `pack-${pack?.id.replace(/^pack-/, "")}.dat`),
      5000,
    );
    for (let time = 0; time < 2; time += 1) {
      const response = await ask(`/v1/blobs/${digest}`);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await errorOf(response)).toMatchObject({ status: 500, kind: "corrupt" });
    }
    expect((await ask(`/v1/blobs/${ABSENT_DIGEST}`)).status).toBe(404);
  });
});
