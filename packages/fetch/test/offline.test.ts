import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  createFileSource,
  createHuggingFaceSource,
  createOciSource,
  createOllamaSource,
  createProxyLookup,
  createUrlSource,
  inspect,
  plan,
  pull,
  type Source,
} from "../src/index.ts";
import { watchNetwork } from "./network-watch.ts";
import { openPorts } from "./open-ports.ts";

const locations = [
  "hf.co/org/model",
  "hf.co/org/model:Q8_0",
  "https://huggingface.co/org/model/resolve/main/model.gguf",
  "ollama://llama3.2:1b",
  "ghcr.io/org/model:tag",
  "docker.io/ai/model",
  "oci+http://127.0.0.1:5000/org/model",
  "https://models.example/model.gguf",
  "http://127.0.0.1:1/model.gguf",
  "https://me:hush@models.example/model.gguf?key=1",
];

function createSources(offline: boolean): readonly Source[] {
  const http = { offline, proxy: createProxyLookup({ all_proxy: "http://proxy.example:1" }) };
  const registry = {
    ...http,
    credentials: async () => ({ kind: "password", username: "me", password: "hush" }) as const,
  };
  return [
    createHuggingFaceSource({ ...http, token: async () => "hush" }),
    createOllamaSource(registry),
    createUrlSource(http),
    createFileSource(),
    createOciSource(registry),
  ];
}

describe("offline", () => {
  it.each(locations)(
    "nothing of %s is asked: no connection, no name looked up",
    async (location) => {
      await using store = await openPorts(createSources(true));
      const { ports } = store;
      for (const act of [
        () => pull(location, ports),
        () => plan(location, ports),
        () => inspect(location, ports),
      ]) {
        let thrown: unknown;
        const used = await watchNetwork(async () => {
          thrown = await act().catch((error: unknown) => error);
        });
        expect(isStoreError(thrown, "ERR_STORE_OFFLINE")).toBe(true);
        expect(String(thrown)).not.toContain("hush");
        expect(used).toEqual([]);
      }
    },
  );

  it("a range of a file that was resolved before is not asked for either", async () => {
    const url = "https://models.example/model.gguf";
    for (const source of createSources(true).filter(({ scheme }) => scheme !== "file")) {
      const file = { path: "model.gguf", size: 10, url };
      const model = {
        location: url,
        revision: "",
        files: [file],
        suggestedName: "model",
        source: { registry: "models.example", repo: "", revision: "", filename: "model.gguf" },
      };
      let thrown: unknown;
      const used = await watchNetwork(async () => {
        thrown = await source
          .open(model, file, { start: 0, end: 10 })
          .catch((error: unknown) => error);
      });
      expect(thrown, source.scheme).toBeInstanceOf(Error);
      expect(used, source.scheme).toEqual([]);
    }
  });

  it("files of this machine are pulled all the same", async () => {
    await using store = await openPorts(createSources(true));
    const path = join(dirname(store.root), "model.bin");
    await writeFile(path, "bytes");
    const used = await watchNetwork(async () => {
      expect(await pull(path, store.ports)).toMatchObject({ name: "model" });
    });
    expect(used).toEqual([]);
  });

  it("could not be told from online if nobody watched", async () => {
    const online = createUrlSource({ retry: { attemptsMax: 1 } });
    const used = await watchNetwork(() => online.resolve("http://127.0.0.1:1/x").catch(() => {}));
    expect(used).toContain("TCPWRAP");
    const byName = await watchNetwork(() =>
      online.resolve("http://store-test.invalid/x").catch(() => {}),
    );
    expect(byName).toContain("GETADDRINFOREQWRAP");
    const byFetch = await watchNetwork(() => fetch("http://127.0.0.1:65535/x").catch(() => {}));
    expect(byFetch).toContain("TCPWRAP");
  });
});
