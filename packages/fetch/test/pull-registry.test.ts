import { decodeManifest, parseName, REF_DEFAULTS } from "@store/manifest";
import { createContent, expectStoreError } from "@store/layout/testing";
import {
  type Digest,
  digestBytes,
  openLayout,
  type Origin,
  readOrigins,
  recordOrigin,
} from "@store/layout";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createOciSource, createOllamaSource, pull, type PullOptions } from "../src/index.ts";
import { createFakeRegistry, type FakeModel, type FakeRegistry } from "../src/testing/index.ts";
import { createHastyTimers, openPorts, type TestPorts } from "./open-ports.ts";

const text = new TextEncoder();
const weights = createContent(300_000, 1);
const OLLAMA = "application/vnd.ollama.image.";
const DOCKER = "application/vnd.docker.distribution.manifest.v2+json";

const ollamaModel: FakeModel = {
  mediaType: DOCKER,
  config: {
    mediaType: "application/vnd.docker.container.image.v1+json",
    bytes: text.encode('{"model_format":"gguf"}'),
  },
  layers: [
    { mediaType: `${OLLAMA}model`, bytes: weights },
    { mediaType: `${OLLAMA}projector`, bytes: createContent(20_000, 2) },
    { mediaType: `${OLLAMA}adapter`, bytes: createContent(10_000, 3) },
    { mediaType: `${OLLAMA}template`, bytes: text.encode("{{ .Prompt }}") },
    { mediaType: `${OLLAMA}params`, bytes: text.encode('{"stop":["x"]}') },
    { mediaType: `${OLLAMA}license`, bytes: text.encode("do what you want") },
    { mediaType: `${OLLAMA}license`, bytes: text.encode("and more") },
  ],
};

let registry: FakeRegistry;
let store: TestPorts;

beforeEach(async () => {
  registry = await createFakeRegistry();
  const timers = createHastyTimers();
  store = await openPorts([createOllamaSource({ timers }), createOciSource({ timers })], timers);
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await registry.close();
});

function take(location: string, options: PullOptions = {}): ReturnType<typeof pull> {
  return pull(location, store.ports, options);
}

async function stored(name: string): Promise<Uint8Array | undefined> {
  const parsed = parseName(name, { defaults: REF_DEFAULTS }).name;
  return parsed === undefined ? undefined : (await store.ports.manifests.get(parsed))?.bytes;
}

describe("a model of Ollama's registry", () => {
  it("keeps its manifest byte for byte, with every layer and the configuration", async () => {
    const { bytes, digest } = registry.addModel("library/tiny", "q8_0", ollamaModel);
    const result = await take(`ollama+http://${registry.host}/library/tiny:q8_0`);
    expect(result.name).toBe(`${registry.host}/library/tiny:q8_0`);
    expect(result.descriptor?.digest).toBe(digest);
    expect(await stored(result.name)).toEqual(bytes);
    const paths = result.files.map(({ path }) => path);
    expect(paths).toEqual([
      "adapter.gguf",
      "license",
      "license-2",
      "mmproj.gguf",
      "model.gguf",
      "params.json",
      expect.stringMatching(/^sha256-/),
      "template",
    ]);
    for (const { digest: blob } of result.files) {
      expect(blob && (await store.ports.blobs.stat(blob))?.verified).toBe(true);
    }
  });

  it("asks for what Ollama asks for, and sends nothing of its own to the storage", async () => {
    registry.addModel("library/tiny", "latest", ollamaModel);
    await take(`ollama+http://${registry.host}/library/tiny`);
    expect(registry.requests[0]).toMatchObject({
      url: "/v2/library/tiny/manifests/latest",
      headers: { accept: DOCKER },
    });
    const stores = registry.requests.filter(({ server }) => server === "storage");
    expect(stores.length).toBeGreaterThanOrEqual(7);
    for (const { headers } of stores) expect(headers["authorization"]).toBeUndefined();
  });

  it("costs one request for the manifest when it is here already", async () => {
    registry.addModel("library/tiny", "latest", ollamaModel);
    const location = `ollama+http://${registry.host}/library/tiny`;
    await take(location);
    const before = registry.requests.length;
    const again = await take(location);
    expect(again).toMatchObject({ bytesFetched: 0 });
    expect(registry.requests.slice(before).map(({ url }) => url)).toEqual([
      "/v2/library/tiny/manifests/latest",
    ]);
  });

  it("follows a tag that moved, and fetches only what changed", async () => {
    registry.addModel("library/tiny", "latest", ollamaModel);
    const location = `ollama+http://${registry.host}/library/tiny`;
    await take(location);
    const layers = [
      ...ollamaModel.layers,
      { mediaType: `${OLLAMA}system`, bytes: text.encode("be nice") },
    ];
    const { digest } = registry.addModel("library/tiny", "latest", { ...ollamaModel, layers });
    const result = await take(location);
    expect(result).toMatchObject({ descriptor: { digest }, bytesFetched: 7 });
  });

  it("follows it under a name of the user's choice, where what was pulled is written down", async () => {
    const layout = await openLayout(store.root);
    const ports = {
      ...store.ports,
      recordOrigin: (digest: Digest, origin: Omit<Origin, "recordedAtMs">) =>
        recordOrigin(layout, digest, origin),
      readOrigins: (digest: Digest) => readOrigins(layout, digest),
    };
    // An annotation of the publisher's own, which is no word of ours.
    const annotations = { "org.opencontainers.image.source": "https://github.com/me/m" };
    registry.addModel("library/tiny", "latest", { ...ollamaModel, annotations });
    const location = `ollama+http://${registry.host}/library/tiny`;
    await pull(location, ports, { as: "mine" });
    const { digest } = registry.addModel("library/other", "latest", ollamaModel);
    await expectStoreError(
      pull(`ollama+http://${registry.host}/library/other`, ports, { as: "mine" }),
      "ERR_STORE_NAME_CONFLICT",
    );
    const layers = ollamaModel.layers.slice(0, 1);
    const moved = registry.addModel("library/tiny", "latest", { ...ollamaModel, layers });
    const result = await pull(location, ports, { as: "mine" });
    expect(result.descriptor.digest).toBe(moved.digest);
    expect(result.descriptor.digest).not.toBe(digest);
  });

  it("is found by its old manifest's digest", async () => {
    const { digest } = registry.addModel("library/tiny", "latest", ollamaModel);
    registry.addModel("library/tiny", "latest", { ...ollamaModel, layers: [] });
    const result = await take(`ollama+http://${registry.host}/library/tiny@${digest}`);
    expect(result.revision).toBe(digest);
  });

  it("becomes a model of its own when some of its files are chosen", async () => {
    registry.addModel("library/tiny", "latest", ollamaModel);
    const location = `ollama+http://${registry.host}/library/tiny`;
    const { name, files } = await take(location, { include: ["model.gguf"] });
    expect({ name, count: files.length }).toEqual({ name: "model", count: 1 });
    const manifest = decodeManifest((await stored("model")) ?? new Uint8Array(0));
    expect(manifest).toMatchObject({ kind: "v1", blob: digestBytes(weights) });
  });
});

describe("a model of an OCI registry", () => {
  const modelPack: FakeModel = {
    config: {
      mediaType: "application/vnd.cncf.model.config.v1+json",
      bytes: text.encode('{"descriptor":{"name":"tiny"}}'),
    },
    layers: [
      {
        mediaType: "application/vnd.cncf.model.weight.v1.raw",
        bytes: weights,
        annotations: { "org.cncf.model.filepath": "model.safetensors" },
      },
      {
        mediaType: "application/vnd.cncf.model.weight.config.v1.raw",
        bytes: text.encode("{}"),
        annotations: { "org.cncf.model.filepath": "config.json" },
      },
    ],
    annotations: { "org.opencontainers.image.licenses": "MIT" },
  };

  it("may be a ModelPack artifact, whose manifest is kept", async () => {
    const { bytes } = registry.addModel("org/tiny", "v1", modelPack);
    const { name, files } = await take(`oci+http://${registry.host}/org/tiny:v1`);
    expect(name).toBe(`${registry.host}/org/tiny:v1`);
    expect(files.map(({ path }) => path)).toEqual([
      "config.json",
      "model.safetensors",
      expect.stringMatching(/^sha256-/),
    ]);
    expect(await stored(name)).toEqual(bytes);
  });

  it("may be a Docker model", async () => {
    const docker = "application/vnd.docker.ai.";
    const { digest } = registry.addModel("ai/tiny", "latest", {
      config: { mediaType: `${docker}model.config.v0.1+json`, bytes: text.encode("{}") },
      layers: [
        { mediaType: `${docker}gguf.v3`, bytes: weights },
        { mediaType: `${docker}license`, bytes: text.encode("MIT") },
      ],
    });
    const { files, descriptor } = await take(`oci+http://${registry.host}/ai/tiny`);
    expect(files.map(({ path }) => path)).toEqual([
      "LICENSE",
      "model.gguf",
      expect.stringMatching(/^sha256-/),
    ]);
    expect(descriptor?.digest).toBe(digest);
  });

  it("keeps layers of unknown kind under their digests", async () => {
    const layer = { mediaType: "application/x-unknown", bytes: text.encode("?") };
    registry.addModel("org/odd", "v1", { layers: [layer] });
    const { files } = await take(`oci+http://${registry.host}/org/odd:v1`);
    const digests = [layer.bytes, text.encode("{}")].map((bytes) =>
      digestBytes(bytes).replace(":", "-"),
    );
    expect(files.map(({ path }) => path)).toEqual(digests.sort());
  });

  it("gets a name that the grammar takes, whatever its path", async () => {
    for (const [repository, name] of [
      ["tiny", "library/tiny"],
      ["a/b.c/tiny", "a-b-c/tiny"],
    ]) {
      registry.addModel(repository ?? "", "v1", modelPack);
      const result = await take(`oci+http://${registry.host}/${repository}:v1`);
      expect(result.name).toBe(`${registry.host}/${name}:v1`);
    }
  });

  it("is no update of a model whose path only looks alike", async () => {
    registry.addModel("a/b/tiny", "v1", modelPack);
    registry.addModel("a-b/tiny", "v1", ollamaModel);
    await take(`oci+http://${registry.host}/a/b/tiny:v1`);
    await take(`oci+http://${registry.host}/a/b/tiny:v1`);
    registry.addModel("a/b/tiny", "v1", { ...modelPack, layers: [] });
    await expectStoreError(
      take(`oci+http://${registry.host}/a/b/tiny:v1`),
      "ERR_STORE_NAME_CONFLICT",
    );
  });
});

describe("an index", () => {
  const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  const OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json";

  function addImage(seed: number): object {
    const layers = [{ mediaType: "application/x", bytes: createContent(1000, seed) }];
    const { digest, bytes } = registry.addModel("org/m", `image-${seed}`, { layers });
    return { mediaType: OCI_IMAGE, digest, size: bytes.length };
  }
  function addIndex(...manifests: readonly object[]): void {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    registry.addManifest("org/m", "latest", index, OCI_INDEX);
  }
  const arm = { platform: { os: "linux", architecture: "arm64", variant: "v8" } };
  const amd = { platform: { os: "linux", architecture: "amd64" } };
  const attestation = {
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  };

  it("leads to its only manifest, attestations aside", async () => {
    const image = addImage(1);
    addIndex(image, { ...addImage(2), ...attestation });
    const { revision } = await take(`oci+http://${registry.host}/org/m`);
    expect(image).toMatchObject({ digest: revision });
  });

  it("leads to the one for the platform", async () => {
    const image = addImage(3);
    addIndex({ ...addImage(4), ...amd }, { ...image, ...arm });
    const source = createOciSource({ platform: "linux/arm64" });
    const model = await source.resolve(`oci+http://${registry.host}/org/m`);
    expect(image).toMatchObject({ digest: model?.revision });
  });

  it("is refused with its choices where none fits", async () => {
    addIndex({ ...addImage(4), ...amd }, { ...addImage(5), ...arm });
    const error = await expectStoreError(
      take(`oci+http://${registry.host}/org/m`),
      "ERR_STORE_LOCATION_AMBIGUOUS",
    );
    expect(error.message).toContain("linux/arm64");
    expect(error.hint).toContain("org/m@sha256:");
  });

  it("inside itself is not followed for ever", async () => {
    const OUTER = "application/vnd.oci.image.index.v1+json";
    let inner: object = addImage(6);
    for (let depth = 0; depth < 5; depth += 1) {
      const index = { schemaVersion: 2, mediaType: OUTER, manifests: [inner] };
      const { digest, bytes } = registry.addManifest("org/m", "latest", index, OUTER);
      inner = { mediaType: OUTER, digest, size: bytes.length };
    }
    await expectStoreError(take(`oci+http://${registry.host}/org/m`), "ERR_STORE_UPSTREAM_ERROR");
  });
});
