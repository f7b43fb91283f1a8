import { isStoreError } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { inspectGguf, inspectModel, type ModelInfo } from "../src/inspect/index.ts";
import { rangesOf } from "./support/byte-ranges.ts";
import {
  createPen,
  type GgufInput,
  type GgufTensorInput,
  writeGguf,
} from "./support/gguf-writer.ts";

const Q4_K = 12;
const F32 = 0;

const tiny: GgufInput = {
  keys: [
    ["general.architecture", { text: "llama" }],
    ["general.name", { text: "tiny ☃" }],
    ["general.license", { text: "apache-2.0" }],
    ["general.file_type", { u32: 15 }],
    ["llama.context_length", { u32: 8192 }],
    ["llama.rope.freq_base", { f32: 10_000 }],
    ["tokenizer.ggml.add_bos_token", { bool: true }],
    ["tokenizer.chat_template", { text: "{{ messages }}" }],
    ["a.big", { u64: 2n ** 60n }],
  ],
  tensors: [
    { name: "blk.0", dimensions: [256, 4], type: Q4_K, offset: 0 },
    { name: "norm", dimensions: [8], type: F32, offset: 576 },
  ],
  dataSize: 608,
};

async function inspect(input: GgufInput): Promise<ModelInfo | undefined> {
  return inspectGguf(rangesOf(writeGguf(input)));
}

/** `invalid` or `unsupported`, or what else comes of the bytes. */
async function verdict(bytes: Uint8Array): Promise<string> {
  try {
    return (await inspectGguf(rangesOf(bytes))) === undefined ? "no model" : "model";
  } catch (error) {
    if (!isStoreError(error)) throw error;
    expect(error.message.length).toBeLessThan(500);
    return error.code.replace("ERR_STORE_HEADER_", "").toLowerCase();
  }
}

describe("inspectGguf", () => {
  it("says what the header says", async () => {
    expect(await inspect(tiny)).toEqual({
      format: "gguf",
      formatVersion: 3,
      byteOrder: "little",
      name: "tiny ☃",
      architecture: "llama",
      license: "apache-2.0",
      parameterCount: 1032,
      tensorCount: 2,
      quantization: "Q4_K_M",
      dominantType: "Q4_K",
      tensorTypes: [
        { type: "F32", tensorCount: 1, parameterCount: 8 },
        { type: "Q4_K", tensorCount: 1, parameterCount: 1024 },
      ],
      contextLength: 8192,
      chatTemplate: "{{ messages }}",
      split: undefined,
      headerSize: expect.any(Number),
    });
  });

  it("reads version 2, and version 3 in the other byte order", async () => {
    expect(await inspect({ ...tiny, version: 2 })).toMatchObject({ formatVersion: 2 });
    const big = {
      ...tiny,
      littleEndian: false,
      keys: tiny.keys?.filter(([, value]) => !("f32" in value)) ?? [],
    };
    expect(await inspect(big)).toMatchObject({
      byteOrder: "big",
      parameterCount: 1032,
      contextLength: 8192,
      quantization: "Q4_K_M",
    });
  });

  it("falls back on the dominant type where the file names no mix", async () => {
    const keys = tiny.keys?.filter(([key]) => key !== "general.file_type") ?? [];
    expect(await inspect({ ...tiny, keys })).toMatchObject({ quantization: "Q4_K" });
    const newer = [...keys, ["general.file_type", { u32: 999 }]] as const;
    expect(await inspect({ ...tiny, keys: newer })).toMatchObject({ quantization: "Q4_K" });
  });

  it("tells which part of a split model a file is", async () => {
    const keys = [
      ["split.no", { u8: 1 }],
      ["split.count", { u8: 3 }],
    ] as const;
    expect(await inspect({ keys })).toMatchObject({ split: { index: 1, count: 3 } });
  });

  it("reads a file of keys alone", async () => {
    expect(await inspect({ keys: tiny.keys ?? [] })).toMatchObject({
      tensorCount: 0,
      parameterCount: 0,
    });
    expect(await inspect({})).toMatchObject({ architecture: undefined, headerSize: 32 });
  });

  it("reads no more of a large file than its header needs", async () => {
    const count = 200_000;
    const pen = createPen();
    for (let index = 0; index < count; index += 1) pen.text(`token ${index}`);
    const tokens = { array: { type: 8, count: BigInt(count), bytes: pen.bytes() } };
    const bytes = writeGguf({
      ...tiny,
      keys: [["tokenizer.ggml.tokens", tokens], ...(tiny.keys ?? [])],
    });
    const ranges = rangesOf(bytes, bytes.length + 1e12);
    expect(await inspectGguf(ranges)).toMatchObject({ architecture: "llama" });
    expect(ranges.handedOut).toBeLessThan(bytes.length * 2 + 5 * 1024 * 1024);
  });

  it.each<[string, GgufInput]>([
    ["tensors in their order", { tensors: manyTensors((index) => index) }],
    ["tensors in no order", { tensors: manyTensors((index) => (index * 7_919) % COUNT) }],
    ["texts", array(8, BigInt(4 * COUNT), new Uint8Array(32 * COUNT))],
    ["arrays", array(9, BigInt(COUNT), new Uint8Array(12 * COUNT))],
  ])("lets others have the thread while it reads many %s", async (_what, input) => {
    const bytes = writeGguf(input);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    expect(await inspectGguf(rangesOf(bytes, bytes.length + 32 * COUNT))).toBeDefined();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });

  it("ends when it is aborted in between", async () => {
    const bytes = writeGguf({ tensors: manyTensors((index) => index) });
    const reason = new Error("enough");
    const aborter = new AbortController();
    setImmediate(() => aborter.abort(reason));
    const { signal } = aborter;
    const ranges = rangesOf(bytes, bytes.length + 32 * COUNT);
    await expect(inspectGguf(ranges, { signal })).rejects.toBe(reason);
  });

  it("is no model for anything else", async () => {
    for (const text of ["", "GGU", "gguf", "not a model at all", "{}", "\0".repeat(100)]) {
      expect(await verdict(new TextEncoder().encode(text))).toBe("no model");
      expect(await inspectModel(rangesOf(new TextEncoder().encode(text)))).toBeUndefined();
    }
  });
});

const key = (name: string, bytes: Uint8Array, type: number): GgufInput => ({
  keys: [[name, { raw: { type, bytes } }]],
});

const u64 = (value: bigint): Uint8Array => {
  const pen = createPen();
  pen.u64(value);
  return pen.bytes();
};

const array = (type: number, count: bigint, bytes: Uint8Array = new Uint8Array(0)): GgufInput => ({
  keys: [["a", { array: { type, count, bytes } }]],
});

/** Enough to keep a reader busy for some hundredths of a second. */
const COUNT = 50_000;

function manyTensors(place: (index: number) => number): readonly GgufTensorInput[] {
  return Array.from({ length: COUNT }, (_, index) => ({
    name: `t${index}`,
    dimensions: [1],
    type: F32,
    offset: 32 * place(index),
  }));
}

const tensor = (more: Partial<GgufTensorInput>, dataSize = 32): GgufInput => ({
  tensors: [{ name: "t", dimensions: [8], type: F32, offset: 0, ...more }],
  dataSize,
});

describe("a hostile GGUF header", () => {
  it("is refused when it is cut anywhere", async () => {
    const bytes = writeGguf(tiny);
    for (let end = 4; end < bytes.length; end += 1) {
      expect(await verdict(bytes.subarray(0, end)), `cut at ${end}`).toBe("invalid");
    }
    expect(await verdict(bytes)).toBe("model");
  });

  it.each([0, 1, 4, 5, 0xffff, 0xffff_ffff])("of version %d is not guessed at", async (version) => {
    expect(await verdict(writeGguf({ ...tiny, version }))).toBe("unsupported");
  });

  it.each<[string, GgufInput]>([
    ["more keys than any file has", { keyCount: 65_537n }],
    ["2^63 keys", { keyCount: 2n ** 63n }],
    ["2^64 - 1 keys", { keyCount: 2n ** 64n - 1n }],
    ["one key too many", { keyCount: 1n }],
    ["more tensors than any file has", { tensorCount: 2n ** 18n + 1n }],
    ["2^64 - 1 tensors", { tensorCount: 2n ** 64n - 1n }],
    ["one tensor too many", { tensorCount: 1n }],
    [
      "a key named twice",
      {
        keys: [
          ["a", { u8: 1 }],
          ["a", { u8: 2 }],
        ],
      },
    ],
    ["a value of unknown type", key("a", new Uint8Array(8), 13)],
    ["a wanted value of unknown type", key("general.name", new Uint8Array(8), 99)],
    ["a text longer than the file", key("a", u64(1n << 40n), 8)],
    ["a text of 2^64 - 1 bytes", key("a", u64(2n ** 64n - 1n), 8)],
    ["a wanted text longer than the file", key("general.name", u64(1_000n), 8)],
    ["an array longer than the file", array(0, 1n << 40n)],
    ["an array whose size overflows", array(10, 2n ** 61n)],
    ["an array of 2^64 - 1 elements", array(0, 2n ** 64n - 1n)],
    ["an array of texts longer than the file", array(8, 1n << 40n)],
    ["an array of unknown type", array(13, 1n, new Uint8Array(64))],
    ["arrays without end", array(9, 1n, nestedArrays(6))],
    ["an alignment of zero", { keys: [["general.alignment", { u32: 0 }]] }],
    ["an alignment of seven", { keys: [["general.alignment", { u32: 7 }]] }],
    ["an alignment of 2^31", { keys: [["general.alignment", { u32: 2 ** 31 }]] }],
    ["a tensor beyond the file", tensor({ dimensions: [9] })],
    ["a tensor that starts beyond the file", tensor({ offset: 1 << 20 })],
    ["a tensor at 2^63", tensor({ offset: 2n ** 63n })],
    ["a tensor at 2^64 - 32", tensor({ offset: 2n ** 64n - 32n })],
    ["a tensor that is not aligned", tensor({ offset: 4, dimensions: [1] })],
    ["a tensor of 2^64 elements", tensor({ dimensions: [2n ** 32n, 2n ** 32n] })],
    ["a tensor whose elements overflow to few", tensor({ dimensions: [2n ** 33n, 2n ** 33n, 2n] })],
    ["a tensor of nine dimensions", tensor({ dimensions: [1, 1, 1, 1, 1, 1, 1, 1, 1] })],
    ["a row that is no whole block", tensor({ type: Q4_K, dimensions: [255] }, 1000)],
    ["a tensor of unknown type beyond the file", tensor({ type: 1000, offset: 64 })],
    [
      "two tensors of one name",
      {
        tensors: [
          { name: "t", dimensions: [8], type: F32, offset: 0 },
          { name: "t", dimensions: [8], type: F32, offset: 32 },
        ],
        dataSize: 64,
      },
    ],
    [
      "tensors over each other",
      {
        tensors: [
          { name: "a", dimensions: [16], type: F32, offset: 0 },
          { name: "b", dimensions: [8], type: F32, offset: 32 },
        ],
        dataSize: 64,
      },
    ],
    [
      "more types than there are",
      {
        tensors: manyTensors((index) => index)
          .slice(0, 300)
          .map((one, index) => ({ ...one, type: 1_000 + index })),
        dataSize: 32 * 300,
      },
    ],
    ["a tensor name longer than any", tensor({ name: "t".repeat(1025) })],
  ])("with %s is refused", async (_what, input) => {
    expect(await verdict(writeGguf(input))).toBe("invalid");
  });

  it("counts a tensor of a type newer than the table, and takes its place as it is", async () => {
    expect(await inspect(tensor({ type: 1000 }))).toMatchObject({ dominantType: "type-1000" });
  });

  it("passes over a text no reader needs in full", async () => {
    const long = { text: "x".repeat(2 * 1024 * 1024) };
    const info = await inspect({
      keys: [
        ["general.name", long],
        ["general.license", { text: "mit" }],
      ],
    });
    expect(info).toMatchObject({ name: undefined, license: "mit" });
  });

  it("may not be larger than it is allowed to be", async () => {
    const bytes = writeGguf({ keys: [["a", { text: "x".repeat(10_000) }]] });
    await expect(inspectGguf(rangesOf(bytes), { headerSizeMax: 5_000 })).rejects.toMatchObject({
      code: "ERR_STORE_HEADER_INVALID",
    });
  });

  it("is never asked about bytes it does not have, whatever it says", async () => {
    const valid = writeGguf(tiny);
    const mutation = fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(mutation, async (changes) => {
        const bytes = valid.slice();
        for (const [at, value] of changes) bytes[at] = value;
        expect(["model", "no model", "invalid", "unsupported"]).toContain(await verdict(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});

function nestedArrays(depth: number): Uint8Array {
  const pen = createPen();
  for (let level = 0; level < depth; level += 1) {
    pen.u32(9);
    pen.u64(1);
  }
  return pen.bytes();
}
