import { readFileSync } from "node:fs";

import { digestBytes } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  decodeManifest,
  encodeModelPack,
  filesOf,
  type ModelPackFile,
  referencedDigests,
} from "../src/index.ts";
import { describeText, textOf } from "./support/test-store.ts";

function golden(file: string): string {
  return readFileSync(new URL(`golden/model-pack/${file}`, import.meta.url), "utf8").trimEnd();
}

const files: readonly ModelPackFile[] = [
  { path: "model-00001-of-00002.safetensors", ...describeText("one") },
  { path: "config.json", ...describeText("{}") },
  { path: "README.md", ...describeText("read me") },
  { path: "sub/run.py", ...describeText("pass") },
  { path: "model-00002-of-00002.safetensors", ...describeText("two") },
  {
    path: "weights.custom",
    ...describeText("custom"),
    mediaType: "application/vnd.cncf.model.weight.v1.raw",
  },
];

const meta = {
  name: "tiny",
  family: "llama",
  licenses: ["apache-2.0"],
  sourceUrl: "https://huggingface.co/org/tiny",
  revision: "0123456789abcdef0123456789abcdef01234567",
  format: "safetensors",
  paramSize: "8b",
  annotations: { "org.opencontainers.image.revision": "0123", "a.first": "<&>" },
};

describe("encodeModelPack", () => {
  const pack = encodeModelPack(files, meta);

  it("writes the recorded bytes", () => {
    expect(textOf(pack.bytes)).toBe(golden("manifest.golden"));
    expect(textOf(pack.config.bytes)).toBe(golden("config.golden"));
  });

  it("writes the same bytes whatever order the files come in", () => {
    const again = encodeModelPack(files.toReversed(), { ...meta });
    expect(again.descriptor).toEqual(pack.descriptor);
  });

  it("describes what it wrote", () => {
    expect(pack.descriptor).toEqual({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: digestBytes(pack.bytes),
      size: pack.bytes.length,
    });
    expect(pack.config.descriptor.digest).toBe(digestBytes(pack.config.bytes));
  });

  it("is read back with every file and its config", () => {
    const document = decodeManifest(pack.bytes);
    const expected = files.map(({ path, digest, size }) => ({ path, digest, size }));
    expect(filesOf(document).map(({ path, digest, size }) => ({ path, digest, size }))).toEqual(
      expected.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    );
    expect(referencedDigests(document)).toContain(pack.config.descriptor.digest);
  });

  it("needs no words about the model", () => {
    const bare = encodeModelPack(files);
    expect(textOf(bare.config.bytes)).toMatch(/^\{"descriptor":\{\},"modelfs":.*"config":\{\}\}$/);
  });

  it("refuses paths that could not be files, and a model without any", () => {
    const bad = { path: "../x", ...describeText("x") };
    expect(() => encodeModelPack([bad])).toThrow(/not a usable file path/);
    expect(() => encodeModelPack([])).toThrow(TypeError);
  });
});
