import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";

import { loadXxh64, type Xxh64Factory } from "../checksum/xxh64.ts";
import {
  CHUNK_BYTES,
  type ChunkMap,
  chunkMapBytes,
  chunkMapSize,
  decodeChunkMap,
  encodeChunkMap,
} from "./chunk-map.ts";

let xxh64: Xxh64Factory;

beforeAll(async () => {
  xxh64 = await loadXxh64();
});

const abc = (): ChunkMap => ({
  size: 3,
  sums: BigUint64Array.of(xxh64.of(new TextEncoder().encode("abc"))),
});

it("encodes a tiny blob to these very bytes", () => {
  expect(Buffer.from(encodeChunkMap(abc(), xxh64)).toString("hex")).toBe(
    [
      "534d4348554e4b31", // SMCHUNK1
      "0300000000000000", // bytes of the blob
      "00004000", // bytes of a chunk: 4 MiB
      "00000000",
      "990977adf52cbc44", // XXH64 of "abc", 44bc2cf5ad770999 as xxhsum prints it
      "b4f2d62638da50e3", // XXH64 of everything before
    ].join(""),
  );
});

it("encodes the empty blob without any sum", () => {
  const bytes = encodeChunkMap({ size: 0, sums: new BigUint64Array() }, xxh64);
  expect(bytes).toHaveLength(32);
  expect(decodeChunkMap(bytes, xxh64)).toEqual({ size: 0, sums: new BigUint64Array() });
});

it("reads back what it writes", () => {
  const map = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(
      fc.array(map, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: CHUNK_BYTES }),
      (sums, last) => {
        const one = {
          size: (sums.length - 1) * CHUNK_BYTES + last,
          sums: BigUint64Array.from(sums),
        };
        const bytes = encodeChunkMap(one, xxh64);
        expect(bytes).toHaveLength(chunkMapBytes(one.size));
        expect(decodeChunkMap(bytes, xxh64)).toEqual(one);
        expect(chunkMapSize(bytes)).toBe(one.size);
      },
    ),
  );
});

it("reads a map that does not begin at an aligned address", () => {
  const bytes = encodeChunkMap(abc(), xxh64);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeChunkMap(shifted.subarray(3), xxh64)).toEqual(abc());
});

it("rejects every truncation and every extension", () => {
  const bytes = encodeChunkMap(abc(), xxh64);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeChunkMap(bytes.subarray(0, length), xxh64), `${length} bytes`).toBeUndefined();
  }
  expect(decodeChunkMap(Buffer.concat([bytes, new Uint8Array(1)]), xxh64)).toBeUndefined();
  expect(decodeChunkMap(Buffer.concat([bytes, bytes]), xxh64)).toBeUndefined();
});

it("rejects every flip of one bit", () => {
  const bytes = encodeChunkMap(abc(), xxh64);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeChunkMap(flipped, xxh64), `bit ${bit}`).toBeUndefined();
  }
});

it("rejects what a power cut leaves: zeros from any byte on", () => {
  const bytes = encodeChunkMap(abc(), xxh64);
  for (let from = 0; from < bytes.length; from += 1) {
    expect(decodeChunkMap(bytes.slice().fill(0, from), xxh64), `from ${from}`).toBeUndefined();
  }
});

it("rejects a size beyond what a number holds before it allocates anything", () => {
  const bytes = encodeChunkMap(abc(), xxh64);
  new DataView(bytes.buffer).setBigUint64(8, 2n ** 63n, true);
  expect(chunkMapSize(bytes)).toBeUndefined();
  expect(decodeChunkMap(bytes, xxh64)).toBeUndefined();
});
