import { digestBytes, type Digest } from "@store/layout";
import { collectContent, createContent, expectStoreError } from "@store/layout/testing";
import { filesOf, parseName, REF_DEFAULTS, type StoredManifest } from "@store/manifest";
import { describe, expect, it } from "vitest";

import {
  createHuggingFaceSource,
  type HuggingFaceOptions,
  pull,
  type PullEvent,
  type PullOptions,
  type PullResult,
} from "../src/index.ts";
import {
  createFakeHub,
  type FakeHub,
  type FakeHubOptions,
  type FakeRepository,
} from "../src/testing/index.ts";
import { createHastyTimers, openPorts, type TestPorts } from "./open-ports.ts";

const weights = createContent(400_000, 31);
const model: FakeRepository = {
  files: {
    "config.json": '{"model_type":"llama"}\n',
    "README.md": "# A model\n",
    "empty.txt": "",
    "model.safetensors": weights,
    "copy/model.safetensors": weights,
  },
  license: "apache-2.0",
};

interface HubPuller extends AsyncDisposable {
  readonly hub: FakeHub;
  readonly store: TestPorts;
  readonly events: PullEvent[];
  pull(location: string, options?: PullOptions): Promise<PullResult>;
  manifest(name: string): Promise<StoredManifest | undefined>;
  read(digest: Digest | undefined): Promise<Uint8Array>;
}

async function createHubPuller(
  hubOptions: FakeHubOptions,
  options: HuggingFaceOptions = {},
): Promise<HubPuller> {
  const hub = await createFakeHub(hubOptions);
  const timers = createHastyTimers();
  const store = await openPorts(
    [createHuggingFaceSource({ endpoint: hub.endpoint, timers, ...options })],
    timers,
  );
  const events: PullEvent[] = [];
  const { blobs, manifests } = store.ports;
  return {
    hub,
    store,
    events,
    pull: (location, pullOptions) =>
      pull(location, store.ports, { onProgress: (event) => events.push(event), ...pullOptions }),
    async manifest(text) {
      const { name } = parseName(text, { defaults: REF_DEFAULTS });
      return name === undefined ? undefined : manifests.get(name);
    },
    async read(digest) {
      return digest === undefined ? new Uint8Array(0) : collectContent(blobs.read(digest));
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

const requestsFor = ({ requests }: FakeHub): readonly string[] =>
  requests.map(({ server, url }) => `${server} ${url}`);

describe("pulling a repository", () => {
  it("records all its files under the repository's reference, each one whole", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const result = await puller.pull("hf.co/org/model");
    expect(result.name).toBe("hf.co/org/model:main");
    const manifest = await puller.manifest("hf.co/org/model:main");
    expect(manifest?.descriptor).toEqual(result.descriptor);
    const recorded = manifest === undefined ? [] : filesOf(manifest.document);
    expect(recorded.map(({ path, digest }) => [path, digest])).toEqual(
      result.files.map(({ path, digest }) => [path, digest]),
    );
    expect(recorded.map(({ path }) => path)).toEqual(Object.keys(model.files).sort());
    for (const { path, digest } of recorded) {
      const expected = model.files[path];
      const bytes = typeof expected === "string" ? new TextEncoder().encode(expected) : expected;
      expect(await puller.read(digest), path).toEqual(bytes);
    }
  });

  it("fetches equal files once", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const result = await puller.pull("hf.co/org/model");
    expect(puller.hub.requests.filter(({ server }) => server === "cdn")).toHaveLength(1);
    const reused = result.files.filter((file) => file.reused).map(({ path }) => path);
    expect(reused).toEqual(["model.safetensors"]);
    expect(result.bytesFetched).toBe(400_000 + 23 + 10);
    expect(result.bytesReused).toBe(400_000);
  });

  it("again costs one request while nothing changed, and changes no byte", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const first = await puller.pull("hf.co/org/model");
    const asked = puller.hub.requests.length;
    const second = await puller.pull("hf.co/org/model");
    expect(requestsFor(puller.hub).slice(asked)).toEqual([
      "hub /api/models/org/model/revision/main?blobs=true&securityStatus=true",
    ]);
    expect(second.descriptor).toEqual(first.descriptor);
    expect(second.bytesFetched).toBe(0);
    expect(second.files.every(({ reused }) => reused)).toBe(true);
  });

  it("again believes no digest that a manifest claims until git's hash agrees", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const { files } = await puller.pull("hf.co/org/model");
    const { blobs, manifests } = puller.store.ports;
    const before = await puller.manifest("hf.co/org/model:main");
    if (before === undefined) return expect.fail("nothing was recorded");
    const wrong = await blobs.add(new TextEncoder().encode('{"model_type":"other"}\n'));
    const right = files.find(({ path }) => path === "config.json")?.digest ?? "";
    const forged = new TextDecoder().decode(before.bytes).replace(right, wrong.digest);
    await manifests.put(before.name, new TextEncoder().encode(forged));
    const again = await puller.pull("hf.co/org/model");
    expect(again.descriptor).toEqual(before.descriptor);
    expect(again.bytesFetched).toBe(23);
  });

  it("again after a new commit takes what changed, and the name follows", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const first = await puller.pull("hf.co/org/model");
    const files = { ...model.files, "README.md": "# A better model\n" };
    await puller.hub.setRepository("org/model", { ...model, files });
    const second = await puller.pull("hf.co/org/model");
    expect(second.revision).not.toBe(first.revision);
    expect(second.descriptor?.digest).not.toBe(first.descriptor?.digest);
    const manifest = await puller.manifest("hf.co/org/model:main");
    expect(manifest?.descriptor).toEqual(second.descriptor);
    expect(second.files.find(({ path }) => path === "model.safetensors")?.reused).toBe(true);
  });

  it("asks for files by the commit, never by the branch", async () => {
    await using puller = await createHubPuller({
      repositories: { "org/model": { ...model, revisions: ["main", "refs/pr/1"] } },
    });
    const { revision, name } = await puller.pull("hf.co/org/model@refs/pr/1");
    expect(name).toBe("hf.co/org/model:refs-pr-1");
    const [info, ...others] = requestsFor(puller.hub).filter((line) => line.startsWith("hub"));
    expect(info).toBe(
      "hub /api/models/org/model/revision/refs%2Fpr%2F1?blobs=true&securityStatus=true",
    );
    expect(others.every((line) => line.includes(`/resolve/${revision}/`))).toBe(true);
  });

  it("takes only the files that are wanted", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const options = { include: ["*.json", "*.md"], exclude: ["README*"] };
    const result = await puller.pull("hf.co/org/model", options);
    expect(result.files.map(({ path }) => path)).toEqual(["config.json"]);
    expect(result.name).toBe("config");
    await expectStoreError(
      puller.pull("hf.co/org/model", { include: ["*.onnx"] }),
      "ERR_STORE_SELECTION_EMPTY",
    );
  });

  it("that holds one model in several quantisations asks which one", async () => {
    const files = { "m-Q4_K_M.gguf": createContent(10, 1), "m-Q8_0.gguf": createContent(10, 2) };
    await using puller = await createHubPuller({ repositories: { "org/model": { files } } });
    const error = await expectStoreError(
      puller.pull("hf.co/org/model"),
      "ERR_STORE_LOCATION_AMBIGUOUS",
    );
    expect(error.detail["choices"]).toEqual(["Q4_K_M", "Q8_0"]);
    const all = await puller.pull("hf.co/org/model", { include: ["*"] });
    expect(all.files).toHaveLength(2);
  });

  it("reports what it does, in order", async () => {
    await using puller = await createHubPuller({
      repositories: { "org/model": { files: { "model.gguf": weights } } },
    });
    await puller.pull("hf.co/org/model", { concurrency: 1 });
    // On a slow machine some kinds come more than once.
    const kinds = puller.events.map(({ kind }) => kind);
    expect(kinds.filter((kind, at) => kind !== kinds[at - 1])).toEqual([
      "resolve",
      "file-start",
      "range",
      "progress",
      "verify",
      "file-done",
      "publish",
    ]);
    const path = "model.gguf";
    expect(puller.events).toContainEqual(
      expect.objectContaining({ kind: "progress", path, received: 400_000, total: 400_000 }),
    );
    const source = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    const range = { kind: "range", path, start: 0, end: 400_000, source };
    expect(puller.events.filter(({ kind }) => kind === "range")).toEqual([range]);
    for (const event of puller.events) {
      if (event.kind === "progress" || event.kind === "verify") {
        expect(event.verified).toBeLessThanOrEqual(400_000);
      }
    }
  });

  it("tells where each file can be had again, before the name is there", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const { ports } = puller.store;
    const told: string[] = [];
    const result = await pull("hf.co/org/model@main", {
      ...ports,
      async recordOrigin(digest, { location, revision, path }) {
        expect(await ports.blobs.stat(digest)).toBeDefined();
        expect(await puller.manifest("hf.co/org/model:main")).toBeUndefined();
        told.push(`${location} ${revision} ${path}`);
      },
    });
    expect(told).toEqual(
      result.files.map(({ path }) => `hf.co/org/model ${result.revision} ${path}`),
    );
  });

  it("twice at once gives one result", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const [one, two] = await Promise.all([
      puller.pull("hf.co/org/model"),
      puller.pull("hf.co/org/model"),
    ]);
    expect(one.descriptor).toEqual(two.descriptor);
    const manifest = await puller.manifest("hf.co/org/model:main");
    expect(manifest).toBeDefined();
    for (const { digest } of manifest === undefined ? [] : filesOf(manifest.document)) {
      expect(await puller.store.ports.blobs.stat(digest)).toMatchObject({ verified: true });
    }
  });
});

describe("pulling one file", () => {
  it("records it under its own name, with where it came from", async () => {
    await using puller = await createHubPuller({
      repositories: {
        "org/model": { files: { "sub/Big.Model-F16.gguf": weights }, license: "mit" },
      },
    });
    const result = await puller.pull("hf.co/org/model/sub/Big.Model-F16.gguf");
    expect(result.name).toBe("Big.Model-F16");
    const manifest = await puller.manifest("Big.Model-F16");
    expect(manifest?.document).toMatchObject({
      kind: "v1",
      format: "gguf",
      blob: digestBytes(weights),
      size: weights.length,
      license: "mit",
      source: {
        registry: new URL(puller.hub.endpoint).host,
        repo: "org/model",
        revision: result.revision,
        filename: "sub/Big.Model-F16.gguf",
      },
      producedAt: "2023-11-14T22:13:20Z",
    });
    const again = await puller.pull("hf.co/org/model/sub/Big.Model-F16.gguf");
    expect(again.descriptor).toEqual(result.descriptor);
  });

  it("of a quantisation takes all its parts and the projector", async () => {
    const files = Object.fromEntries(
      [
        "Q4_K_M/m-Q4_K_M-00001-of-00002.gguf",
        "Q4_K_M/m-Q4_K_M-00002-of-00002.gguf",
        "Q8_0/m-Q8_0.gguf",
        "mmproj-m-f16.gguf",
        "mmproj-m-q8_0.gguf",
        "imatrix.gguf",
        "README.md",
      ].map((path, index) => [path, createContent(100, index + 1)]),
    );
    await using puller = await createHubPuller({ repositories: { "org/model": { files } } });
    const result = await puller.pull("hf.co/org/model:q4_k_m");
    expect(result.name).toBe("hf.co/org/model:q4_k_m");
    expect(result.files.map(({ path }) => path)).toEqual([
      "Q4_K_M/m-Q4_K_M-00001-of-00002.gguf",
      "Q4_K_M/m-Q4_K_M-00002-of-00002.gguf",
      "mmproj-m-f16.gguf",
    ]);
    const error = await expectStoreError(
      puller.pull("hf.co/org/model:Q2_K"),
      "ERR_STORE_MODEL_NOT_FOUND",
    );
    expect(error.hint).toContain("hf.co/org/model:Q8_0");
  });
});

describe("the name of a pulled model", () => {
  const two = {
    repositories: {
      "org/a": { files: { "m.gguf": createContent(50, 1) } },
      "org/b": { files: { "m.gguf": createContent(50, 2) } },
    },
  };

  it("is not taken away from another model", async () => {
    await using puller = await createHubPuller(two);
    await puller.pull("hf.co/org/a");
    const before = await puller.manifest("m");
    const error = await expectStoreError(puller.pull("hf.co/org/b"), "ERR_STORE_NAME_CONFLICT");
    expect(error.kind).toBe("conflict");
    expect(error.hint).toContain("--as");
    expect(await puller.manifest("m")).toEqual(before);
    // Nothing was fetched for it.
    expect(requestsFor(puller.hub).filter((line) => line.includes("org/b/resolve"))).toEqual([]);
    const other = await puller.pull("hf.co/org/b", { as: "other" });
    expect(other.name).toBe("other");
  });

  it("may be given to the same content from elsewhere", async () => {
    const files = { "m.gguf": createContent(50, 1) };
    await using puller = await createHubPuller({
      repositories: { "org/a": { files }, "org/b": { files } },
    });
    await puller.pull("hf.co/org/a");
    expect(await puller.pull("hf.co/org/b")).toMatchObject({ name: "m", bytesFetched: 0 });
  });

  it("of several files is a reference, whatever it is called", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    const flat = await puller.pull("hf.co/org/model", { as: "mine" });
    expect(flat.name).toBe("registry.ollama.ai/library/mine:latest");
    const full = await puller.pull("hf.co/org/model", { as: "example.com/me/mine:v1" });
    expect(full.name).toBe("example.com/me/mine:v1");
    expect(full.descriptor).toEqual(flat.descriptor);
    // Of the small files nobody knows a SHA-256 before they are fetched.
    expect(full.bytesFetched).toBe(33);
  });

  it("that a bare word would confuse with another is refused before anything is fetched", async () => {
    await using puller = await createHubPuller({
      repositories: { ...two.repositories, "org/model": model },
    });
    await puller.pull("hf.co/org/a", { as: "mine" });
    const served = puller.hub.bytesServed;
    await expectStoreError(
      puller.pull("hf.co/org/model", { as: "mine" }),
      "ERR_STORE_NAME_CONFLICT",
    );
    await puller.pull("hf.co/org/a", { as: "library/yours" });
    await expectStoreError(puller.pull("hf.co/org/b", { as: "Yours" }), "ERR_STORE_NAME_CONFLICT");
    expect(puller.hub.bytesServed).toBe(served);
  });

  it("of one file may be a reference", async () => {
    await using puller = await createHubPuller(two);
    const { name } = await puller.pull("hf.co/org/a", { as: "example.com/me/mine:v1" });
    const manifest = await puller.manifest(name);
    expect(manifest?.document.kind).toBe("image");
  });

  it("that no store can have is refused before anything is fetched", async () => {
    await using puller = await createHubPuller(two);
    for (const as of ["../x", "", "a b", "con", `m@${digestBytes(weights)}`]) {
      await expectStoreError(puller.pull("hf.co/org/a", { as }), "ERR_STORE_REF_INVALID");
    }
    expect(puller.hub.bytesServed).toBe(0);
  });
});

describe("a token", () => {
  it("may end in a newline, and is never repeated when it cannot be one", () => {
    createHuggingFaceSource({ token: "hf_x\n" });
    for (const token of ["hf_x\ny", "hf x", "hf_ü"]) {
      try {
        createHuggingFaceSource({ token });
        expect.fail("accepted");
      } catch (error) {
        expect(String(error)).not.toContain(token);
        expect(error).toMatchObject({ code: "ERR_STORE_TOKEN_INVALID" });
      }
    }
  });
});

describe("a hub that refuses", () => {
  const gated = { repositories: { "org/model": { ...model, gated: true } }, token: "hf_secret" };

  it("to show a gated model wants a token, and is given it at its own origin only", async () => {
    await using without = await createHubPuller(gated);
    const required = await expectStoreError(
      without.pull("hf.co/org/model"),
      "ERR_STORE_AUTH_REQUIRED",
    );
    expect(required.detail).toMatchObject({ gated: true });
    await using wrong = await createHubPuller(gated, { token: "hf_other" });
    await expectStoreError(wrong.pull("hf.co/org/model"), "ERR_STORE_AUTH_REFUSED");
    await using right = await createHubPuller(gated, { token: "hf_secret" });
    await right.pull("hf.co/org/model");
    const { requests } = right.hub;
    const foreign = requests.filter(({ server }) => server === "cdn");
    expect(foreign).not.toHaveLength(0);
    expect(JSON.stringify(foreign)).not.toContain("hf_secret");
    const own = requests.filter(({ server }) => server === "hub");
    expect(own.every(({ headers }) => headers["authorization"] === "Bearer hf_secret")).toBe(true);
  });

  it("says which part of a location is not there", async () => {
    await using puller = await createHubPuller({ repositories: { "org/model": model } });
    for (const [location, missing] of [
      ["hf.co/org/nothing", "model"],
      ["hf.co/org/model@v9", "revision"],
      ["hf.co/org/model/nothing.gguf", "file"],
    ] as const) {
      const error = await expectStoreError(puller.pull(location), "ERR_STORE_MODEL_NOT_FOUND");
      expect(error.detail).toMatchObject({ missing });
    }
  });

  it("for a while is asked again", async () => {
    await using puller = await createHubPuller({
      repositories: { "org/model": model },
      faults: { rateLimit: { times: 2, retryAfter: "3" } },
    });
    await puller.pull("hf.co/org/model");
    expect(puller.store.ports.timers.pauses).toEqual([3000, 3000]);
  });

  it("for a while may say how long by its own field alone", async () => {
    await using puller = await createHubPuller({
      repositories: { "org/model": model },
      faults: { rateLimit: { times: 1, rateLimit: '"api";r=0;t=17' } },
    });
    await puller.pull("hf.co/org/model");
    expect(puller.store.ports.timers.pauses).toEqual([17_000]);
    puller.hub.setFaults({ rateLimit: { times: 1, rateLimit: '"api";r=0;t=299' } });
    const asked = puller.hub.requests.length;
    const error = await expectStoreError(puller.pull("hf.co/org/model"), "ERR_STORE_RATE_LIMITED");
    expect(error.detail).toMatchObject({ retryAfterMs: 299_000 });
    expect(puller.hub.requests).toHaveLength(asked + 1);
  });
});

describe("a hub with the wrong bytes", () => {
  it("in a small file is found out by git's hash, and nothing of it is kept", async () => {
    await using puller = await createHubPuller({
      repositories: { "org/model": model },
      faults: { flip: { path: "config.json", offset: 3 } },
    });
    const error = await expectStoreError(
      puller.pull("hf.co/org/model"),
      "ERR_STORE_BLOB_DIGEST_MISMATCH",
    );
    expect(error.message).toContain("config.json");
    expect(await puller.manifest("hf.co/org/model:main")).toBeUndefined();
    puller.hub.setFaults({});
    await puller.pull("hf.co/org/model");
  });

  it("in a large file is found out by its digest", async () => {
    await using puller = await createHubPuller({
      repositories: { "org/model": model },
      faults: { flip: { path: "model.safetensors", offset: 1234 } },
    });
    // The copy has the same digest and is served from the damaged file first or second.
    puller.hub.setFaults({ flip: { path: "copy/model.safetensors", offset: 1234 } });
    await expectStoreError(puller.pull("hf.co/org/model"), "ERR_STORE_BLOB_DIGEST_MISMATCH");
    puller.hub.setFaults({});
    const { files } = await puller.pull("hf.co/org/model");
    expect(await puller.read(files.at(-1)?.digest)).toEqual(weights);
  });
});
