import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { createContent } from "@store/layout/testing";

import { createFileSource, createHuggingFaceSource, createUrlSource } from "../src/index.ts";
import { createFakeHub, sourceSuite } from "../src/testing/index.ts";

const files = {
  "config.json": new TextEncoder().encode("{}\n"),
  "empty.txt": new Uint8Array(0),
  "sub dir/with # and ü.safetensors": createContent(120_000, 4),
};
const one = { "model.gguf": createContent(120_000, 5) };

for (const prefix of ["hf.co/", "hf://", "https://huggingface.co/"]) {
  sourceSuite({
    name: `a hub by ${prefix}`,
    async create() {
      const hub = await createFakeHub({ repositories: { "org/model": { files } } });
      return {
        source: createHuggingFaceSource({ endpoint: hub.endpoint }),
        location: `${prefix}org/model`,
        absent: `${prefix}org/nothing`,
        files,
        [Symbol.asyncDispose]: () => hub.close(),
      };
    },
  });
}

sourceSuite({
  name: "a plain URL",
  async create() {
    const hub = await createFakeHub({ repositories: { "org/model": { files: one } } });
    const base = `${hub.endpoint}/org/model/resolve/main`;
    return {
      source: createUrlSource(),
      location: `${base}/model.gguf`,
      absent: `${base}/nothing.gguf`,
      files: one,
      [Symbol.asyncDispose]: () => hub.close(),
    };
  },
});

for (const asUrl of [false, true]) {
  sourceSuite({
    name: asUrl ? "a directory by URL" : "a directory by path",
    async create() {
      const directory = await mkdtemp(join(tmpdir(), "store-fetch-"));
      for (const [path, bytes] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), bytes);
      }
      const location = asUrl ? pathToFileURL(directory).href : directory;
      return {
        source: createFileSource(),
        location,
        absent: `${location}-nothing`,
        files,
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
      };
    },
  });
}
