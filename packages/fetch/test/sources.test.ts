import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { type Digest, digestBytes, digestHex } from "@store/layout";
import { createContent } from "@store/layout/testing";

import {
  createFileSource,
  createHuggingFaceSource,
  createOciSource,
  createOllamaSource,
  createUrlSource,
} from "../src/index.ts";
import {
  createFakeHub,
  createFakeRegistry,
  type FakeRegistry,
  sourceSuite,
} from "../src/testing/index.ts";

const files = {
  "config.json": new TextEncoder().encode("{}\n"),
  "empty.txt": new Uint8Array(0),
  "sub dir/with # and ü.safetensors": createContent(120_000, 4),
};
const commit = "0123456789abcdef".repeat(3).slice(0, 40);
const one = { "model.gguf": createContent(120_000, 5) };

for (const prefix of ["hf.co/", "hf://", "https://huggingface.co/"]) {
  await sourceSuite({
    name: `a hub by ${prefix}`,
    async create() {
      const hub = await createFakeHub({ repositories: { "org/model": { files, commit } } });
      return {
        revision: commit,
        source: createHuggingFaceSource({ endpoint: hub.endpoint }),
        location: `${prefix}org/model`,
        absent: `${prefix}org/nothing`,
        files,
        [Symbol.asyncDispose]: () => hub.close(),
      };
    },
  });
}

await sourceSuite({
  name: "a plain URL",
  async create() {
    const hub = await createFakeHub({ repositories: { "org/model": { files: one } } });
    const base = `${hub.endpoint}/org/model/resolve/main`;
    return {
      // Its ETag.
      revision: digestHex(digestBytes(one["model.gguf"])),
      source: createUrlSource(),
      location: `${base}/model.gguf`,
      absent: `${base}/nothing.gguf`,
      files: one,
      [Symbol.asyncDispose]: () => hub.close(),
    };
  },
});

for (const asUrl of [false, true]) {
  await sourceSuite({
    name: asUrl ? "a directory by URL" : "a directory by path",
    async create() {
      const directory = await mkdtemp(join(tmpdir(), "store-fetch-"));
      for (const [path, bytes] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), bytes);
      }
      const location = asUrl ? pathToFileURL(directory).href : directory;
      return {
        revision: "",
        source: createFileSource(),
        location,
        absent: `${location}-nothing`,
        files,
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
      };
    },
  });
}

for (const kind of ["oci", "ollama"] as const) {
  for (const blobs of ["redirect", "same"] as const) {
    await sourceSuite({
      name: `${kind === "oci" ? "an OCI" : "an Ollama"} registry, blobs ${blobs}`,
      async create() {
        const registry = await createFakeRegistry({ blobs, auth: { kind: "anonymous" } });
        const place = `${kind}+http://${registry.host}/org/model`;
        const added = addTitled(registry, "org/model", "v1", files);
        return {
          revision: added.digest,
          source: kind === "oci" ? createOciSource() : createOllamaSource(),
          location: `${place}:v1`,
          absent: `${place}:nothing`,
          files: added.files,
          [Symbol.asyncDispose]: () => registry.close(),
        };
      },
    });
  }
}

/** Puts files under their names; answers the manifest's digest, and the files and configuration. */
function addTitled(
  registry: FakeRegistry,
  repository: string,
  tag: string,
  titled: Readonly<Record<string, Uint8Array>>,
): { readonly digest: Digest; readonly files: Readonly<Record<string, Uint8Array>> } {
  const config = { mediaType: "application/json", bytes: new TextEncoder().encode('{"a":1}') };
  const layers = Object.entries(titled).map(([title, bytes]) => ({
    mediaType: "application/octet-stream",
    bytes,
    annotations: { "org.opencontainers.image.title": title },
  }));
  const { digest } = registry.addModel(repository, tag, { config, layers });
  const own = digestBytes(config.bytes).replace(":", "-");
  return { digest, files: { ...titled, [own]: config.bytes } };
}
