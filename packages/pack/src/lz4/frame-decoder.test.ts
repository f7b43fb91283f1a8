import { digestBytes } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { answerOf, frameProbes } from "../../test/probes/frame-probes.ts";
import { createFrame } from "../../test/support/frames.ts";
import { outcomeOf } from "../../test/support/outcome.ts";
import { fromHex } from "../../test/support/packs.ts";
import { decodeEntry } from "../chkl/decode-entry.ts";
import { parsePackId } from "../chkl/pack-id.ts";
import { hashPackKey } from "../hash/pack-key.ts";
import { finishNow } from "../loop/turns.ts";
import { decodeFrame, decodeFrameSliced } from "./frame-decoder.ts";
import { encodeFrame } from "./frame-encoder.ts";

describe("decodeFrame", () => {
  for (const probe of frameProbes) {
    const verb = typeof probe.expected === "string" ? `answers ${probe.expected} to` : "reads";
    it(`${verb} ${probe.name}, in one go as in slices`, () => {
      expect(answerOf(decodeFrame, probe)).toEqual(probe.expected);
      const inSlices: typeof decodeFrame = (bytes, options) =>
        finishNow(decodeFrameSliced(bytes, options));
      expect(answerOf(inSlices, probe)).toEqual(probe.expected);
    });
  }

  it("says at which byte a frame is wrong", () => {
    const frame = createFrame([{ bytes: fromHex("1b 61 0000 50 6263646566") }]);
    expect(() => decodeFrame(frame, { sizeMax: 100 })).toThrow(
      expect.objectContaining({
        code: "ERR_STORE_FRAME_INVALID",
        kind: "corrupt",
        detail: { offset: 13, what: "match-offset" },
      }),
    );
  });

  it("takes a size that is none for a mistake of the caller", () => {
    for (const sizeMax of [-1, 1.5, Number.NaN, Infinity]) {
      expect(() => decodeFrame(new Uint8Array(), { sizeMax })).toThrow(TypeError);
    }
    expect(() => decodeFrame(new Uint8Array(), { sizeMax: 1, exactSize: -1 })).toThrow(TypeError);
  });

  it("finds a frame cut at any byte", () => {
    const frame = encodeFrame(new TextEncoder().encode("truth or truncation, ".repeat(20)));
    for (let length = 0; length < frame.length; length++) {
      const outcome = outcomeOf(() => decodeFrame(frame.subarray(0, length), { sizeMax: 10_000 }));
      expect(outcome, `${length} bytes`).toBe("ERR_STORE_FRAME_INVALID truncated");
    }
  });

  it("allocates no more for a small frame than its own bytes can decode to", () => {
    const before = process.memoryUsage().arrayBuffers;
    const lies = [
      createFrame([{ bytes: new Uint8Array(10), size: 0xdfff_ffff }], { blockByte: 0x70 }),
      createFrame([{ bytes: new Uint8Array(10), size: 0x8040_0000 }], { blockByte: 0x70 }),
      createFrame([], { contentSize: 1n << 40n, blockByte: 0x70 }),
      createFrame(
        Array.from({ length: 150 }, () => ({ bytes: Uint8Array.of(0xf0) })),
        { blockByte: 0x70 },
      ),
      createFrame([{ bytes: new Uint8Array(900).fill(0xff) }], { blockByte: 0x70 }),
    ];
    for (const frame of lies) {
      expect(frame.length).toBeLessThan(1024);
      const outcome = outcomeOf(() => decodeFrame(frame, { sizeMax: 2 ** 40 }));
      expect(outcome).toMatch(/^ERR_STORE_FRAME_INVALID /);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it("reads back whatever was encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(40), (bytes, repeats) => {
        const content = new Uint8Array(Buffer.concat(Array.from({ length: repeats }, () => bytes)));
        const frame = encodeFrame(content);
        const sizeMax = content.length;
        expect(Buffer.compare(decodeFrame(frame, { sizeMax }), content)).toBe(0);
        expect(Buffer.compare(decodeFrame(frame, { sizeMax, exactSize: sizeMax }), content)).toBe(
          0,
        );
      }),
    );
  });

  it("lets others have the thread after each block of a large content, and after each piece of its hashes", () => {
    const content = new Uint8Array(33 * 1024 * 1024).fill(7);
    const key = hashPackKey(content);
    const identity = { digest: digestBytes(content), size: content.length };
    const work = decodeEntry(encodeFrame(content), { key, identity }, content.length, {
      pack: parsePackId("0".repeat(16)),
      offset: 8,
    });
    let slices = 0;
    let step = work.next();
    for (; step.done !== true; step = work.next()) {
      slices += 1;
      // Others use the same hash meanwhile.
      hashPackKey(content.subarray(0, slices));
    }
    expect(Buffer.compare(step.value, content)).toBe(0);
    expect(slices).toBeGreaterThan(3 * 8);
  });

  it("answers with bytes that share no memory with the frame", () => {
    const frame = createFrame([{ bytes: Uint8Array.of(1, 2, 3), stored: true }]);
    const content = decodeFrame(frame, { sizeMax: 3 });
    frame.fill(9);
    expect(content).toEqual(Uint8Array.of(1, 2, 3));
  });
});
