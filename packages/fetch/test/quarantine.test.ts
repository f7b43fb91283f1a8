import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Digest, digestBytes, quarantineBytes } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { expect, it } from "vitest";

import {
  createFileSource,
  createHuggingFaceSource,
  createOciSource,
  createOllamaSource,
  createUrlSource,
  inspect,
  plan,
  pull,
  type PullOptions,
  type PullPorts,
  type Source,
} from "../src/index.ts";
import { createFakeHub, createFakeRegistry } from "../src/testing/index.ts";
import { openPorts, type TestPorts } from "./open-ports.ts";

const content = createContent(300_000, 81);
const digest = digestBytes(content);
const config = new TextEncoder().encode('{"architectures":["X"]}\n');

/** A place that serves other bytes than it, or the caller, promised. */
interface Liar extends AsyncDisposable {
  readonly source: Source;
  readonly location: string;
  readonly options?: PullOptions;
  /** What the bytes should have been, as the note beside the wrong ones says. */
  readonly expected: string;
  /** Where the note says they came from. */
  readonly origin: string;
}

async function openHub(path: string, bytes: Uint8Array, expected: string): Promise<Liar> {
  const repositories = { "org/m": { files: { [path]: bytes } } };
  const hub = await createFakeHub({ repositories, faults: { flip: { path, offset: 5 } } });
  return {
    source: createHuggingFaceSource({ endpoint: hub.endpoint }),
    location: "hf.co/org/m",
    expected,
    origin: "hf.co/org/m",
    [Symbol.asyncDispose]: () => hub.close(),
  };
}

async function openUrl(): Promise<Liar> {
  const files = { "m.bin": content };
  const faults = { flip: { path: "m.bin", offset: 5 } };
  const hub = await createFakeHub({ repositories: { "org/m": { files } }, faults });
  const location = `${hub.endpoint}/org/m/resolve/main/m.bin`;
  return {
    source: createUrlSource(),
    location,
    options: { digest },
    expected: digest,
    origin: location,
    [Symbol.asyncDispose]: () => hub.close(),
  };
}

async function openRegistry(kind: "oci" | "ollama"): Promise<Liar> {
  const registry = await createFakeRegistry({ faults: { flip: { path: digest, offset: 5 } } });
  const mediaType = "application/vnd.ollama.image.model";
  registry.addModel("org/m", "v1", { layers: [{ mediaType, bytes: content }] });
  const location = `${kind}+http://${registry.host}/org/m:v1`;
  return {
    source: kind === "oci" ? createOciSource() : createOllamaSource(),
    location,
    expected: digest,
    origin: location,
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

/** A registry, or something before it, that serves another manifest than it says. */
async function openManifestLiar(): Promise<Liar> {
  const registry = await createFakeRegistry();
  const mediaType = "application/vnd.ollama.image.model";
  const { digest: manifest } = registry.addModel("org/m", "v1", {
    layers: [{ mediaType, bytes: config }],
  });
  const lie: typeof fetch = async (input, init) => {
    const { status, headers } = await fetch(input, init);
    return new Response('{"layers":[ ]}', { status, headers });
  };
  return {
    source: createOciSource({ fetch: lie }),
    location: `oci+http://${registry.host}/org/m:v1`,
    expected: manifest,
    origin: `${registry.host}/org/m:v1`,
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

async function openFile(): Promise<Liar> {
  const directory = await mkdtemp(join(tmpdir(), "store-fetch-"));
  const location = join(directory, "m.bin");
  await writeFile(location, content.slice().reverse());
  return {
    source: createFileSource(),
    location,
    options: { digest },
    expected: digest,
    origin: location,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

function withQuarantine({ layout, ports }: TestPorts): PullPorts {
  return { ...ports, quarantine: (bytes, why) => quarantineBytes(layout, bytes, why) };
}

it.each([
  ["a hub", () => openHub("m.bin", content, digest)],
  ["a hub that knows git's hash only", () => openHub("config.json", config, "git")],
  ["a URL", openUrl],
  ["an OCI registry", () => openRegistry("oci")],
  ["an Ollama registry", () => openRegistry("ollama")],
  ["an OCI registry, of its manifest", openManifestLiar],
  ["a file", openFile],
])("wrong bytes of %s go to quarantine with a report, and nothing is published", async (...row) => {
  await using liar = await row[1]();
  await using store = await openPorts([liar.source]);
  const ports = withQuarantine(store);
  const error = await expectStoreError(
    pull(liar.location, ports, liar.options),
    "ERR_STORE_BLOB_DIGEST_MISMATCH",
  );
  const { quarantinePath = "" } = error.detail as { readonly quarantinePath?: string };
  const directory = join(store.root, "locks", "quarantine");
  const kept = await readdir(directory);
  expect(kept.filter((name) => name.endsWith(".bin"))).toHaveLength(1);
  const wrong = await readFile(quarantinePath);
  const { actual, expected } = error.detail;
  const note = await readFile(quarantinePath.replace(/bin$/, "json"), "utf8");
  expect(JSON.parse(note)).toMatchObject({
    reason: "digest-mismatch",
    actual,
    expected,
    origin: liar.origin,
  });
  if (liar.expected.startsWith("sha256:")) {
    expect(expected).toBe(liar.expected);
    expect(actual).toBe(digestBytes(wrong));
  } else {
    expect(expected).toMatch(/^[0-9a-f]{40}$/);
  }
  const blobs: Digest[] = [];
  for await (const blob of store.ports.blobs.list()) blobs.push(blob);
  expect(blobs).not.toContain(digest);
  expect(blobs).not.toContain(digestBytes(wrong));
  const names = await readdir(join(store.root, "manifests"), { recursive: true }).catch(() => []);
  expect(names).toEqual([]);
});

it("whoever only looks at a manifest with other bytes leaves nothing behind", async () => {
  await using liar = await openManifestLiar();
  await using store = await openPorts([liar.source]);
  const ports = withQuarantine(store);
  for (const look of [plan, inspect]) {
    await expectStoreError(look(liar.location, ports), "ERR_STORE_BLOB_DIGEST_MISMATCH");
  }
  expect(await readdir(store.root).catch(() => [])).toEqual([]);
});
