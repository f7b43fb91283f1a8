import { type ByteRange, StoreError } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  content,
  contextOf,
  createSink,
  size,
  stream,
  transient,
} from "../../test/fill-context.ts";
import type { OpenedRange } from "../source.ts";
import { type FillContext, fillRanges } from "./fill-ranges.ts";

const pieceBytes = 4096;

interface Fault {
  /** Fails before any byte, breaks in the middle, sends less than asked, or ignores the range. */
  readonly kind: "none" | "refuse" | "break" | "short" | "ignore";
  /** How far into the answer, as a share. */
  readonly at: number;
}

/** A source that goes through a list of faults and is sound after them. */
function createFaultySource(faults: readonly Fault[]): {
  readonly open: FillContext["open"];
  readonly asked: ByteRange[];
} {
  const left = [...faults];
  const asked: ByteRange[] = [];
  async function open(range: ByteRange): Promise<OpenedRange> {
    asked.push(range);
    const { kind, at } = left.shift() ?? { kind: "none", at: 0 };
    if (kind === "refuse") throw transient();
    const isWhole = kind === "ignore";
    const start = isWhole ? 0 : range.start;
    const whole = isWhole ? size : Math.min(range.end, size);
    const length = whole - start;
    const end = kind === "short" ? start + Math.max(1, Math.floor(length * at)) : whole;
    const breakAt = kind === "break" ? start + Math.floor(length * at) : Infinity;
    return { start, end, total: size, body: stream(start, end, breakAt) };
  }
  return { open, asked };
}

const fault = fc.record({
  kind: fc.constantFrom<Fault["kind"]>("none", "refuse", "break", "short", "ignore"),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
});

const holes = fc
  .array(fc.nat(size), { minLength: 2, maxLength: 8 })
  .map((cuts) => [...new Set(cuts)].sort((a, b) => a - b))
  .map((cuts) =>
    cuts.flatMap((start, index) => {
      const end = cuts[index + 1];
      return index % 2 === 0 && end !== undefined ? [{ start, end }] : [];
    }),
  );

describe("filling ranges", () => {
  it("brings exactly the missing bytes, whatever breaks on the way", async () => {
    await fc.assert(
      fc.asyncProperty(
        holes,
        fc.array(fault, { maxLength: 6 }),
        fc.integer({ min: 1, max: 6 }),
        async (ranges, faults, connections) => {
          const sink = createSink(ranges);
          const wanted = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
          const { open } = createFaultySource(faults);
          const context = contextOf(sink, open);
          await fillRanges(context, { connections, resumable: true, pieceBytes });
          expect(Buffer.compare(sink.bytes, content)).toBe(0);
          expect(context.fresh).toBe(wanted);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("asks for nothing where nothing is missing", async () => {
    const { open, asked } = createFaultySource([]);
    await fillRanges(contextOf(createSink([]), open), {
      connections: 4,
      resumable: true,
      pieceBytes,
    });
    expect(asked).toEqual([]);
  });

  it("asks for everything at once, and once, where answers cannot be told apart", async () => {
    const { open, asked } = createFaultySource([{ kind: "break", at: 0.5 }]);
    const context = contextOf(createSink([{ start: 0, end: size }]), open);
    await expect(fillRanges(context, { connections: 4, resumable: false })).rejects.toThrow(
      "broken",
    );
    expect(asked).toEqual([{ start: 0, end: Infinity }]);
  });

  it("does not wait for the rest of an answer that brings nothing new", async () => {
    let pulled = 0;
    const context = contextOf(createSink([{ start: 0, end: 2000 }]), async () => ({
      start: 0,
      end: size,
      total: size,
      body: (async function* () {
        for await (const chunk of stream(0, size, Infinity)) {
          pulled += chunk.length;
          yield chunk;
        }
      })(),
    }));
    await fillRanges(context, { connections: 2, resumable: true, pieceBytes });
    expect(context.fresh).toBe(2000);
    expect(pulled).toBe(3000);
  });

  it("stops every connection at the first failure that is final", async () => {
    const final = new StoreError("gone", { kind: "not-found", code: "ERR_STORE_MODEL_NOT_FOUND" });
    const sound = createFaultySource([]);
    let opened = 0;
    const context = contextOf(createSink([{ start: 0, end: size }]), async (range, options) => {
      opened += 1;
      if (opened === 2) throw final;
      return sound.open(range, options);
    });
    await expect(fillRanges(context, { connections: 3, resumable: true, pieceBytes })).rejects.toBe(
      final,
    );
  });

  it("gives up a source that never answers, after the policy's attempts", async () => {
    let opened = 0;
    const context = contextOf(createSink([{ start: 0, end: 10 }]), async () => {
      opened += 1;
      throw transient();
    });
    await expect(
      fillRanges(context, { connections: 1, resumable: true, pieceBytes }),
    ).rejects.toThrow("broken");
    expect(opened).toBe(8);
  });
});
