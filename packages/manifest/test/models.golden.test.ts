/** Headers as llama.cpp and the safetensors library wrote them; of most files, nothing but the header. */
import { readdirSync, readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { inspectModel } from "../src/inspect/index.ts";
import { rangesOf } from "./support/byte-ranges.ts";

const folder = new URL("golden/models/", import.meta.url);

interface Expected {
  /** Bytes of the file that the header was taken from. */
  readonly size: number;
  readonly info: Readonly<Record<string, unknown>>;
}

const gguf = { format: "gguf", formatVersion: 3, byteOrder: "little", architecture: "llama" };
const tiny = { ...gguf, contextLength: 128 };
const safetensors = { format: "safetensors", byteOrder: "little", architecture: undefined };

const models: Readonly<Record<string, Expected>> = {
  "align64.gguf": {
    size: 448,
    info: { ...gguf, headerSize: 256, dominantType: "I8", tensorCount: 3, parameterCount: 15 },
  },
  "bigendian.gguf": {
    size: 224,
    info: { ...gguf, byteOrder: "big", headerSize: 192, dominantType: "F32", parameterCount: 8 },
  },
  "kv-only.gguf": { size: 128, info: { ...gguf, headerSize: 128, tensorCount: 0 } },
  "tiny-Q4_K_M.gguf": {
    size: 107_296,
    info: {
      ...tiny,
      headerSize: 9248,
      quantization: "Q4_K_M",
      dominantType: "Q5_0",
      tensorCount: 21,
      parameterCount: 123_200,
    },
  },
  ...Object.fromEntries(
    [
      ["BF16", 256_288],
      ["F16", 256_288],
      ["Q4_0", 89_888],
      ["Q8_0", 141_088],
      ["F32", 502_016],
    ].map(([type, size]) => [
      `tiny-${type}.gguf`,
      {
        size: Number(size),
        info: { ...tiny, quantization: type, dominantType: type, parameterCount: 123_200 },
      },
    ]),
  ),
  // With a key of every type of value there is.
  "tiny-allkv.gguf": {
    size: 502_528,
    info: { ...tiny, quantization: "F32", tensorCount: 21, parameterCount: 123_200 },
  },
  "split-1.gguf": {
    size: 271_552,
    info: { ...tiny, tensorCount: 10, parameterCount: 65_728, split: { index: 0, count: 3 } },
  },
  "split-2.gguf": {
    size: 197_824,
    info: { format: "gguf", parameterCount: 49_280, split: { index: 1, count: 3 } },
  },
  "split-3.gguf": {
    size: 32_960,
    info: { format: "gguf", parameterCount: 8192, split: { index: 2, count: 3 } },
  },
  "all-dtypes.safetensors": {
    size: 1113,
    info: { ...safetensors, headerSize: 768, tensorCount: 12, parameterCount: 278 },
  },
  "empty.safetensors": { size: 16, info: { ...safetensors, headerSize: 16, tensorCount: 0 } },
  "empty-meta.safetensors": { size: 40, info: { ...safetensors, headerSize: 40, tensorCount: 0 } },
  "shard-1.safetensors": {
    size: 16_680,
    info: { ...safetensors, dominantType: "F32", tensorCount: 4, parameterCount: 4096 },
  },
  "shard-2.safetensors": {
    size: 8360,
    info: { ...safetensors, dominantType: "F32", tensorCount: 2, parameterCount: 2048 },
  },
  "layers8.safetensors": {
    size: 131_720,
    info: { ...safetensors, headerSize: 648, dominantType: "F32", parameterCount: 32_768 },
  },
};

it.each(readdirSync(folder))("says of %s what its writer put there", async (file) => {
  const expected = models[file];
  if (expected === undefined) throw new Error(`nothing is recorded of ${file}`);
  const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
  const whole = new Uint8Array(expected.size);
  whole.set(bytes);
  expect(await inspectModel(rangesOf(whole))).toMatchObject(expected.info);
});

it("has every recorded model", () => {
  expect(readdirSync(folder).toSorted()).toEqual(Object.keys(models).toSorted());
});
