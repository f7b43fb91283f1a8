import { countPartialBytes, openLayout } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { expect, it } from "vitest";

import {
  createHuggingFaceSource,
  createPolicy,
  inspect,
  plan,
  pull,
  type Source,
} from "../src/index.ts";
import { createFakeHub, generateGguf, generateSafetensors } from "../src/testing/index.ts";
import { createHastyTimers, openPorts } from "./open-ports.ts";

const weights = createContent(40 * 1024 * 1024, 1);
const files = { "a.safetensors": weights, "b.safetensors": weights, "config.json": "{}" };

it("a plan says what would be fetched, reused and needed, and touches nothing", async () => {
  await using hub = await createFakeHub({ repositories: { "org/m": { files, license: "mit" } } });
  const timers = createHastyTimers();
  await using store = await openPorts(
    [createHuggingFaceSource({ endpoint: hub.endpoint, timers })],
    timers,
  );
  const layout = await openLayout(store.root);
  const ports = {
    ...store.ports,
    freeBytes: async () => 123,
    countPartialBytes: (target: Parameters<typeof countPartialBytes>[1]) =>
      countPartialBytes(layout, target),
  };
  const fresh = await plan("hf.co/org/m", ports);
  expect(fresh).toMatchObject({
    location: "hf.co/org/m",
    name: "hf.co/org/m:main",
    replaces: undefined,
    license: "mit",
    format: "safetensors",
    bytesToFetch: weights.length + 2,
    bytesOnDisk: weights.length + 2,
    bytesReused: 0,
    bytesFree: 123,
  });
  expect(fresh.files.map(({ path, state }) => `${path} ${state}`)).toEqual([
    "a.safetensors absent",
    "b.safetensors absent",
    "config.json absent",
  ]);
  expect(hub.requests).toHaveLength(1);

  // Less than any piece that is asked for first, so that the first is cut.
  hub.setFaults({ cut: { afterBytes: 3 * 1024 * 1024 } });
  await pull("hf.co/org/m", store.ports, { retry: { attemptsMax: 1 }, connections: 1 }).catch(
    () => {},
  );
  hub.setFaults({});
  const partly = await plan("hf.co/org/m", ports);
  const { bytesPresent = 0 } = partly.files.find(({ state }) => state === "partial") ?? {};
  expect(bytesPresent).toBeGreaterThan(0);
  expect(partly.bytesToFetch).toBeLessThan(weights.length);
  // The pull goes on from there, so the plan has not taken anything over.
  const { bytesFetched } = await pull("hf.co/org/m", store.ports);
  expect(bytesFetched).toBeLessThanOrEqual(weights.length + 2 - bytesPresent);

  const after = await plan("hf.co/org/m", ports);
  expect(after).toMatchObject({ bytesToFetch: 0, replaces: expect.stringMatching(/^sha256:/) });
  expect(after.files.every(({ state }) => state === "present")).toBe(true);
});

it("a policy refuses after one request for the listing, whoever asks", async () => {
  await using hub = await createFakeHub({
    repositories: { "org/m": { files: { "pytorch_model.bin": "x", "config.json": "{}" } } },
  });
  const timers = createHastyTimers();
  const source = createHuggingFaceSource({ endpoint: hub.endpoint, timers });
  await using store = await openPorts([source], timers);
  for (const attempt of [
    () => pull("hf.co/org/m", store.ports),
    () => plan("hf.co/org/m", store.ports),
  ]) {
    const before = hub.requests.length;
    const error = await expectStoreError(attempt(), "ERR_STORE_POLICY_REFUSED");
    expect(error).toMatchObject({ kind: "denied", detail: { rule: "pickle" } });
    expect(hub.requests.length).toBe(before + 1);
  }
  const policy = createPolicy({ allowPickle: true });
  expect(await pull("hf.co/org/m", store.ports, { policy })).toMatchObject({ bytesFetched: 3 });
  await pull("hf.co/org/m", store.ports, { exclude: ["*.bin"], as: "config" });
});

it("an inspection reads the headers of large files and little else", async () => {
  const gguf = generateGguf({ sizeBytes: 8 * 1024 * 1024, seed: 1 });
  const safetensors = generateSafetensors({ sizeBytes: 8 * 1024 * 1024, seed: 2 });
  await using hub = await createFakeHub({
    repositories: {
      "org/m": {
        files: {
          "m.gguf": gguf,
          ...safetensors,
          "config.json": "{}",
        },
        license: "mit",
      },
    },
  });
  const sources = [createHuggingFaceSource({ endpoint: hub.endpoint })];
  for (const ignoreRange of [false, true]) {
    hub.setFaults({ ignoreRange });
    const found = await inspect("hf.co/org/m", { sources });
    expect(found).toMatchObject({ license: "mit", format: "gguf" });
    expect(found.headers.map(({ path, info }) => `${path} ${info.format}`)).toEqual([
      "m.gguf gguf",
      "model.safetensors safetensors",
    ]);
    expect(found.headers[0]?.info.parameterCount).toBeGreaterThan(0);
    expect(found.bytesFetched).toBeLessThan(2 * 1024 * 1024);
  }
});

it("an inspection goes on after a broken connection, and tells a damaged header", async () => {
  const gguf = generateGguf({ sizeBytes: 4 * 1024 * 1024, seed: 1 });
  await using hub = await createFakeHub({
    repositories: { "org/m": { files: { "m.gguf": gguf } } },
    faults: { cut: { afterBytes: 1000, times: 2 } },
  });
  const timers = createHastyTimers();
  const ports = { sources: [createHuggingFaceSource({ endpoint: hub.endpoint, timers })], timers };
  expect((await inspect("hf.co/org/m", ports)).headers).toHaveLength(1);
  hub.setFaults({ flip: { path: "m.gguf", offset: 5 } });
  await expectStoreError(inspect("hf.co/org/m", ports), "ERR_STORE_HEADER_UNSUPPORTED");
});

it("an inspection reads nothing of a source that begins behind what was asked for", async () => {
  const gguf = generateGguf({ sizeBytes: 64 * 1024, seed: 1 });
  await using hub = await createFakeHub({
    repositories: { "org/m": { files: { "m.gguf": gguf } } },
  });
  const source = createHuggingFaceSource({ endpoint: hub.endpoint });
  const late: Source = {
    ...source,
    async open(...args) {
      const opened = await source.open(...args);
      return { ...opened, start: opened.start + 8 };
    },
  };
  await expectStoreError(inspect("hf.co/org/m", { sources: [late] }), "ERR_STORE_RANGE_IGNORED");
});

it("what the hub's scan says of a file is told, and what it warns of is refused", async () => {
  const answer = {
    id: "org/m",
    sha: "0".repeat(40),
    siblings: ["a.onnx", "b.onnx"].map((rfilename) => ({
      rfilename,
      size: 1,
      blobId: "0".repeat(40),
    })),
    securityRepoStatus: { scansDone: true, filesWithIssues: [{ path: "b.onnx", level: "unsafe" }] },
  };
  const asked: string[] = [];
  const source = createHuggingFaceSource({
    fetch: async (input) => {
      asked.push(String(input instanceof Request ? input.url : input));
      return new Response(JSON.stringify(answer));
    },
  });
  const found = await inspect("hf.co/org/m", { sources: [source] });
  expect(found.files.map(({ path, scan }) => `${path} ${scan ?? "-"}`)).toEqual([
    "a.onnx -",
    "b.onnx unsafe",
  ]);
  expect(asked[0]).toContain("securityStatus=true");
  await using store = await openPorts([source]);
  await expectStoreError(plan("hf.co/org/m", store.ports), "ERR_STORE_POLICY_REFUSED");
  const rest = await plan("hf.co/org/m", store.ports, { exclude: ["b.onnx"] });
  expect(rest.files).toHaveLength(1);
});
