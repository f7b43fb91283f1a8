import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { expect, it } from "vitest";

import { generateGguf, writeGguf } from "./generate-gguf.ts";
import { generateSafetensors, writeSafetensors } from "./generate-safetensors.ts";

it("makes any part of a file as it is in the whole", () => {
  const file = generateGguf({ seed: 3 });
  const whole = file.read(0, file.size);
  expect(whole).toHaveLength(file.size);
  fc.assert(
    fc.property(fc.nat(file.size), fc.nat(20_000), (start, length) => {
      const part = file.read(start, start + length);
      expect(Buffer.compare(part, whole.subarray(start, start + length))).toBe(0);
    }),
  );
});

it("makes a GGUF file whose header describes tensors that fill it exactly", () => {
  const file = generateGguf({ sizeBytes: 2_000_000, name: "Demo" });
  expect(file.size).toBeGreaterThan(2_000_000);
  expect(file.size).toBeLessThan(2_700_000);
  const bytes = file.read(0, file.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe("GGUF");
  expect(view.getUint32(4, true)).toBe(3);
  expect(Number(view.getBigUint64(8, true))).toBeGreaterThan(10);
  expect(Buffer.from(bytes).includes("general.name")).toBe(true);
});

it("makes other weights from another seed, and the same from the same", () => {
  const tail = (seed: number): Uint8Array => {
    const file = generateGguf({ seed });
    return file.read(file.size - 100_000, file.size);
  };
  expect(Buffer.compare(tail(1), tail(1))).toBe(0);
  expect(Buffer.compare(tail(1), tail(2))).not.toBe(0);
});

it("writes what it makes", async () => {
  const directory = await mkdtemp(join(tmpdir(), "store-fetch-"));
  try {
    const path = join(directory, "sub", "m.gguf");
    const size = await writeGguf(path, { seed: 5 });
    expect(Buffer.compare(await readFile(path), generateGguf({ seed: 5 }).read(0, size))).toBe(0);
    const paths = await writeSafetensors(directory, { shardCount: 2 });
    expect(paths).toEqual([
      "config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

interface SafetensorsIndex {
  readonly metadata: { readonly total_size: number };
  readonly weight_map: Readonly<Record<string, string>>;
}

it("makes shards whose headers and index agree, without gaps", () => {
  const files = generateSafetensors({ sizeBytes: 500_000, shardCount: 4 });
  const text = (path: string): string => {
    const file = files[path];
    return Buffer.from(file?.read(0, file.size) ?? []).toString();
  };
  const index = JSON.parse(text("model.safetensors.index.json")) as SafetensorsIndex;
  let total = 0;
  for (const [path, file] of Object.entries(files)) {
    if (!path.endsWith(".safetensors")) continue;
    const length = Number(Buffer.from(file.read(0, 8)).readBigUInt64LE());
    expect(length % 8).toBe(0);
    const header = JSON.parse(Buffer.from(file.read(8, 8 + length)).toString()) as Record<
      string,
      { readonly data_offsets?: readonly [number, number] }
    >;
    let end = 0;
    for (const [name, { data_offsets: offsets }] of Object.entries(header)) {
      if (offsets === undefined) continue;
      expect(offsets[0]).toBe(end);
      [, end] = offsets;
      expect(index.weight_map[name]).toBe(path);
    }
    expect(file.size).toBe(8 + length + end);
    total += end;
  }
  expect(total).toBe(index.metadata.total_size);
  expect(new Set(Object.values(index.weight_map)).size).toBe(4);
});
