import { createContent } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { hexOf } from "../../test/support/packs.ts";
import { createRandom, words } from "../../test/support/random.ts";
import { decodeFrame } from "./frame-decoder.ts";
import { createFrameEncoder, encodeFrame } from "./frame-encoder.ts";

const KIB = 1024;

describe("encodeFrame", () => {
  it.for([
    [0, "04224d18604082"],
    [1, "04224d18604082"],
    [64 * KIB, "04224d18604082"],
    [64 * KIB + 1, "04224d186050fb"],
    [256 * KIB, "04224d186050fb"],
    [256 * KIB + 1, "04224d18607073"],
    [4096 * KIB + 1, "04224d18607073"],
  ] as const)("gives a content of %i bytes the header %s", ([size, header]) => {
    expect(hexOf(encodeFrame(new Uint8Array(size)).subarray(0, 7))).toBe(header);
  });

  it("writes nothing as header and end mark", () => {
    expect(hexOf(encodeFrame(new Uint8Array()))).toBe("04224d1860408200000000");
  });

  it("stores what does not get smaller, byte for byte as lz4_flex does", () => {
    const frame = encodeFrame(new TextEncoder().encode("hello world"));
    expect(hexOf(frame)).toBe("04224d186040820b00008068656c6c6f20776f726c6400000000");
    const noise = createContent(100_000, 1);
    expect(encodeFrame(noise)).toHaveLength(7 + 4 + noise.length + 4);
  });

  it("splits a content above 4 MiB into independent blocks", () => {
    const content = words(createRandom(1), 9 * KIB * KIB);
    const frame = encodeFrame(content);
    const view = new DataView(frame.buffer);
    let blocks = 0;
    for (let at = 7; view.getUint32(at, true) !== 0; at += 4 + view.getUint32(at, true)) blocks++;
    expect(blocks).toBe(3);
    expect(Buffer.compare(decodeFrame(frame, { sizeMax: content.length }), content)).toBe(0);
  });

  it("gives the same bytes whatever was encoded before", () => {
    const random = createRandom(12);
    const encoder = createFrameEncoder();
    const sizes = [10, 300, 4000, 30_000, 65_535, 65_536, 65_537, 200_000, 5_000_000];
    for (let round = 0; round < 150; round += 1) {
      const size = random.pick(round % 30 === 0 ? sizes : sizes.slice(0, 6));
      const content = words(random, size);
      const frame = encoder.encode(content);
      expect(Buffer.compare(frame, encodeFrame(content)), `${round}: ${size}`).toBe(0);
      expect(Buffer.compare(decodeFrame(frame, { sizeMax: size }), content)).toBe(0);
    }
  });
});
