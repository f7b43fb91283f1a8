import { isStoreError } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { inspectModel, inspectSafetensors } from "../src/inspect/index.ts";
import { rangesOf } from "./support/byte-ranges.ts";

/** A file of a header and so many bytes of data. */
function file(header: unknown, dataSize = 0, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const result = new Uint8Array(8 + bytes.length + dataSize);
  new DataView(result.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true);
  result.set(bytes, 8);
  return result;
}

/** Enough for a header of several megabytes. */
const COUNT = 50_000;

const tensor = (
  dtype: string,
  shape: readonly unknown[],
  start: unknown,
  end: unknown,
): object => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

async function verdict(bytes: Uint8Array): Promise<string> {
  try {
    return (await inspectSafetensors(rangesOf(bytes))) === undefined ? "no model" : "model";
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_HEADER_INVALID")) throw error;
    return error.message.replace("not a valid safetensors header: ", "");
  }
}

describe("inspectSafetensors", () => {
  it("says what the header says", async () => {
    const header = {
      __metadata__: {
        format: "pt",
        "modelspec.title": "Tiny",
        "modelspec.architecture": "sd",
        "modelspec.license": "mit",
      },
      a: tensor("F16", [2, 3], 0, 12),
      b: tensor("F32", [], 12, 16),
      c: tensor("BF16", [0, 4], 16, 16),
    };
    expect(await inspectModel(rangesOf(file(header, 16)))).toEqual({
      format: "safetensors",
      formatVersion: undefined,
      byteOrder: "little",
      name: "Tiny",
      architecture: "sd",
      license: "mit",
      parameterCount: 7,
      tensorCount: 3,
      quantization: "F16",
      dominantType: "F16",
      tensorTypes: [
        { type: "BF16", tensorCount: 1, parameterCount: 0 },
        { type: "F16", tensorCount: 1, parameterCount: 6 },
        { type: "F32", tensorCount: 1, parameterCount: 1 },
      ],
      contextLength: undefined,
      chatTemplate: undefined,
      split: undefined,
      headerSize: 8 + JSON.stringify(header).length,
    });
  });

  it.each<[string, Uint8Array]>([
    ["no tensors", file({})],
    ["blanks after the header", file("{}      ")],
    ["blanks before the header", file("  \n {}")],
    ["null metadata", file({ __metadata__: null })],
    ["unknown fields", file({ a: { ...tensor("U8", [1], 0, 1), more: [1.5] } }, 1)],
    ["tensors in any order", file({ b: tensor("U8", [1], 1, 2), a: tensor("U8", [1], 0, 1) }, 2)],
    ["four-bit elements", file({ a: tensor("F4", [2, 3], 0, 3) }, 3)],
    ["a type newer than the table", file({ a: tensor("F2_E1M0", [12], 0, 3) }, 3)],
  ])("accepts %s, as the reference does", async (_what, bytes) => {
    expect(await verdict(bytes)).toBe("model");
  });

  it.each<[string, Uint8Array, string]>([
    ["a header longer than the file", file("{", 0, 9n), "9 bytes of header in a file of 9"],
    ["a header cut off", file('{"a":'), "a value expected at offset 13"],
    ["two headers", file("{}{}"), "text after the end of the document at offset 10"],
    [
      "a tensor named twice",
      file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":2}'),
      "a key named twice at offset 64",
    ],
    ["__proto__", file('{"__proto__":{}}'), "the key `__proto__` at offset 20"],
    ["a tensor that is no object", file({ a: 1 }), 'tensor "a": not an object'],
    ["no dtype", file({ a: { shape: [], data_offsets: [0, 0] } }), 'tensor "a": no dtype'],
    ["no shape", file({ a: { dtype: "U8", data_offsets: [0, 0] } }), 'tensor "a": no shape'],
    ["no offsets", file({ a: { dtype: "U8", shape: [] } }), 'tensor "a": no usable data_offsets'],
    [
      "three offsets",
      file({ a: { dtype: "U8", shape: [], data_offsets: [0, 1, 2] } }),
      'tensor "a": no usable data_offsets',
    ],
    [
      "offsets in reverse",
      file({ a: tensor("U8", [1], 1, 0) }, 1),
      'tensor "a": no usable data_offsets',
    ],
    [
      "a negative offset",
      file({ a: tensor("U8", [1], -1, 0) }, 1),
      'tensor "a": no usable data_offsets',
    ],
    [
      "half an offset",
      file({ a: tensor("U8", [1], 0.5, 1.5) }, 1),
      'tensor "a": no usable data_offsets',
    ],
    [
      "an offset beyond 2^53",
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9007199254740993]}}', 1),
      'tensor "a": no usable data_offsets',
    ],
    [
      "a negative length",
      file({ a: tensor("U8", [-1], 0, 1) }, 1),
      'tensor "a": a length that is no whole number',
    ],
    [
      "half a length",
      file({ a: tensor("U8", [1.5], 0, 1) }, 1),
      'tensor "a": a length that is no whole number',
    ],
    [
      "2^64 elements",
      file({ a: tensor("U8", [2 ** 32, 2 ** 32], 0, 1) }, 1),
      'tensor "a": over 2^53 elements',
    ],
    [
      "a size that is not the shape's",
      file({ a: tensor("F32", [2], 0, 4) }, 4),
      'tensor "a": 4 bytes for 2 elements of "F32"',
    ],
    [
      "half a byte",
      file({ a: tensor("F4", [3], 0, 2) }, 2),
      'tensor "a": 2 bytes for 3 elements of "F4"',
    ],
    ["a gap at the start", file({ a: tensor("U8", [1], 1, 2) }, 2), "a gap in the data at 0"],
    [
      "a gap",
      file({ a: tensor("U8", [1], 0, 1), b: tensor("U8", [1], 2, 3) }, 3),
      "a gap in the data at 1",
    ],
    [
      "an overlap",
      file({ a: tensor("U8", [2], 0, 2), b: tensor("U8", [2], 1, 3) }, 3),
      "an overlap in the data at 1",
    ],
    [
      "data beyond the tensors",
      file({ a: tensor("U8", [1], 0, 1) }, 2),
      "the tensors have 1 bytes, the file holds 2",
    ],
    [
      "tensors beyond the data",
      file({ a: tensor("U8", [2], 0, 2) }, 1),
      "the tensors have 2 bytes, the file holds 1",
    ],
    [
      "more types than there are",
      file(
        Object.fromEntries(
          Array.from({ length: 300 }, (_, index) => [`t${index}`, tensor(`T${index}`, [1], 0, 0)]),
        ),
      ),
      "more than 256 types",
    ],
    ["metadata that is no object", file({ __metadata__: [] }), "__metadata__ is no object"],
    [
      "metadata that is no text",
      file({ __metadata__: { a: 1 } }),
      "a value in __metadata__ that is no text",
    ],
    ["nesting without end", file(`{"a":${"[".repeat(1_000)}`), "more than 15 levels at offset 28"],
    [
      "a tensor without end",
      file(`{"a":${"[".repeat(100_000)}`),
      "more than 65536 bytes in one value at offset 13",
    ],
    [
      "a name without end",
      file(`{"${"a".repeat(100_000)}`),
      "more than 65536 bytes in one value at offset 9",
    ],
    [
      "a name with half a surrogate pair",
      file('{"\\ud800":{}}'),
      "a key that is no text at offset 9",
    ],
    [
      "metadata without end",
      file(`{"__metadata__":{"a":"${"x".repeat(9_000_000)}"}}`),
      "more than 8388608 bytes in one value at offset 24",
    ],
    [
      "blanks without end",
      file(`{${" ".repeat(2_000_000)}}`),
      "more than 1048576 blanks at offset 1048585",
    ],
    ["a comma at the end", file('{"__metadata__":{},}'), "a key expected at offset 27"],
    ["a bracket of the other kind", file('{"a":[}'), "a value expected at offset 14"],
    [
      "bytes that are no UTF-8",
      new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff]),
      "a key expected at offset 9",
    ],
    [
      "a name that is no UTF-8",
      new Uint8Array([4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22]),
      "a key that is no text at offset 9",
    ],
  ])("refuses %s", async (_what, bytes, message) => {
    expect(await verdict(bytes)).toBe(message);
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["eight bytes", new Uint8Array(8)],
    ["a length beyond the reference's limit", file("{}", 0, 100_000_001n)],
    ["a length of 2^64 - 1", file("{}", 0, 2n ** 64n - 1n)],
    ["text", new TextEncoder().encode('{"weight_map": {"a": "model.safetensors"}}')],
    ["a length and no brace", file("[]")],
    ["a pickle", new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0])],
  ])("is no model for %s", async (_what, bytes) => {
    expect(await verdict(bytes)).toBe("no model");
  });

  it.each<[string, (index: number) => [string, unknown]]>([
    ["in their order", (index) => [`t${index}`, tensor("U8", [1], index, index + 1)]],
    ["in reverse", (index) => [`t${index}`, tensor("U8", [1], COUNT - index - 1, COUNT - index)]],
    [
      "in no order",
      (index) => {
        const start = (index * 7_919) % COUNT;
        return [`t${index}`, tensor("U8", [1], start, start + 1)];
      },
    ],
  ])("lets others have the thread while it reads many tensors %s", async (_what, memberAt) => {
    const header = Object.fromEntries(Array.from({ length: COUNT }, (_, index) => memberAt(index)));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const info = await inspectSafetensors(rangesOf(file(header, COUNT)));
    clearInterval(timer);
    expect(info).toMatchObject({ tensorCount: COUNT, parameterCount: COUNT });
    expect(turns).toBeGreaterThan(2);
  });

  it("ends when it is aborted in between", async () => {
    const header = Object.fromEntries(
      Array.from({ length: COUNT }, (_, index) => [`t${index}`, tensor("U8", [0], 0, 0)]),
    );
    const reason = new Error("enough");
    const aborter = new AbortController();
    setImmediate(() => aborter.abort(reason));
    const { signal } = aborter;
    await expect(inspectSafetensors(rangesOf(file(header)), { signal })).rejects.toBe(reason);
  });

  it("reads a header once and nothing of the data", async () => {
    const bytes = file({ a: tensor("U8", [1_000_000], 0, 1_000_000) }, 1_000_000);
    const ranges = rangesOf(bytes);
    await inspectSafetensors(ranges);
    expect(ranges.handedOut).toBeLessThan(300);
  });

  it("answers every mutation with a model, with none, or with what is wrong", async () => {
    const valid = file({ a: tensor("F16", [2, 3], 0, 12), __metadata__: { format: "pt" } }, 12);
    const mutation = fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(mutation, async (changes) => {
        const bytes = valid.slice();
        for (const [at, value] of changes) bytes[at] = value;
        await verdict(bytes);
      }),
      { numRuns: 2_000 },
    );
  });
});
