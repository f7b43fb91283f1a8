import { createContent, expectStoreError } from "@store/layout/testing";
import { expect, it } from "vitest";

import { createHuggingFaceSource, createPolicy, pull } from "../src/index.ts";
import { createFakeHub, type FakeHub } from "../src/testing/index.ts";
import { createHastyTimers, openPorts, type TestPorts } from "./open-ports.ts";

const files = {
  "config.json": "{}",
  "model.safetensors": createContent(100_000, 1),
  "odd.onnx": createContent(100_000, 2),
};

interface Scanned extends AsyncDisposable {
  readonly hub: FakeHub;
  readonly store: TestPorts;
}

/** A hub whose scanners say this of `odd.onnx`. */
async function startHub(verdict: string): Promise<Scanned> {
  const scan = { "odd.onnx": verdict };
  const hub = await createFakeHub({ repositories: { "org/m": { files, scan } } });
  const timers = createHastyTimers();
  const source = createHuggingFaceSource({ endpoint: hub.endpoint, timers });
  const store = await openPorts([source], timers);
  return {
    hub,
    store,
    async [Symbol.asyncDispose]() {
      await hub.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

it.each(["unsafe", "suspicious"])(
  "a file the hub's scan calls %s is refused before any byte is asked for",
  async (verdict) => {
    await using scanned = await startHub(verdict);
    const { hub, store } = scanned;
    // By name as well as among others.
    for (const location of ["hf.co/org/m", "hf.co/org/m/odd.onnx"]) {
      const error = await expectStoreError(pull(location, store.ports), "ERR_STORE_POLICY_REFUSED");
      expect(error.detail).toMatchObject({ rule: "scan", paths: ["odd.onnx"] });
      expect(error.hint).toContain("--allow-unsafe");
    }
    expect(hub.requests.map(({ url }) => url.split("?")[0])).toEqual(
      Array<string>(2).fill("/api/models/org/m/revision/main"),
    );
    expect(hub.bytesServed).toBe(0);
    for await (const blob of store.ports.blobs.list()) expect(blob).toBeUndefined();
  },
);

it("the rest of such a model is taken, and all of it by whoever allows it", async () => {
  await using scanned = await startHub("unsafe");
  const { hub, store } = scanned;
  const rest = await pull("hf.co/org/m", store.ports, { exclude: ["odd.onnx"] });
  expect(rest.files.map(({ path }) => path)).toEqual(["config.json", "model.safetensors"]);
  expect(hub.requests.filter(({ url }) => url.includes("odd"))).toEqual([]);
  const policy = createPolicy({ allowUnsafe: true });
  const all = await pull("hf.co/org/m", store.ports, { policy });
  expect(all.files).toHaveLength(3);
});

it.each(["queued", "caution", "safe"])("a verdict of %s refuses nothing", async (verdict) => {
  await using scanned = await startHub(verdict);
  const { files: taken } = await pull("hf.co/org/m", scanned.store.ports);
  expect(taken).toHaveLength(3);
});

it("a file taken when its scan was clean is refused when it is no longer", async () => {
  await using scanned = await startHub("safe");
  const { hub, store } = scanned;
  await pull("hf.co/org/m", store.ports);
  await hub.setRepository("org/m", { files, scan: { "odd.onnx": "unsafe" } });
  await expectStoreError(pull("hf.co/org/m", store.ports), "ERR_STORE_POLICY_REFUSED");
});

it("a mirror whose scan warns of the file brings none of it", async () => {
  await using scanned = await startHub("safe");
  await using mirror = await createFakeHub({
    repositories: { "org/m": { files, scan: { "odd.onnx": "unsafe" } } },
  });
  const { hub, store } = scanned;
  hub.setFaults({ refuse: { status: 404, times: 100, server: "cdn" } });
  const timers = createHastyTimers();
  const there = createHuggingFaceSource({ endpoint: mirror.endpoint, timers });
  const ports = { ...store.ports, sources: [...store.ports.sources, there] };
  const mirrors = [`${mirror.endpoint}/org/m/resolve/main/odd.onnx`];
  await expectStoreError(
    pull("hf.co/org/m/odd.onnx", ports, { mirrors }),
    "ERR_STORE_MODEL_NOT_FOUND",
  );
  expect(mirror.bytesServed).toBe(0);
});
