import { type ByteRange, StoreError } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { systemTimers, type Timers } from "../http/timers.ts";
import type { OpenedRange, RangeBody } from "../source.ts";
import { type FillContext, fillRanges, type RangeSink } from "./fill-ranges.ts";

const MIB = 1024 * 1024;
const size = 20_345;
const pieceBytes = 4096;
const content = createContent(size, 8);

/** A sink that counts how often each byte was written. */
function createSink(
  holes: readonly ByteRange[],
): RangeSink & { readonly bytes: Uint8Array; overwritten: number } {
  const bytes = new Uint8Array(size);
  const present = new Uint8Array(size).fill(1);
  for (const { start, end } of holes) present.fill(0, start, end);
  for (let at = 0; at < size; at++) if (present[at] === 1) bytes[at] = content[at] ?? 0;
  return {
    bytes,
    overwritten: 0,
    missing() {
      const ranges: ByteRange[] = [];
      for (let start = present.indexOf(0); start >= 0;) {
        const stop = present.indexOf(1, start);
        const end = stop < 0 ? size : stop;
        ranges.push({ start, end });
        start = stop < 0 ? -1 : present.indexOf(0, end);
      }
      return ranges;
    },
    async writeAt(offset, chunk) {
      bytes.set(chunk, offset);
      present.fill(1, offset, offset + chunk.length);
    },
  };
}

interface Fault {
  /** Fails before any byte, breaks in the middle, sends less than asked, or ignores the range. */
  readonly kind: "none" | "refuse" | "break" | "short" | "ignore";
  /** How far into the answer, as a share. */
  readonly at: number;
}

function transient(): StoreError {
  return new StoreError("broken", {
    kind: "unavailable",
    code: "ERR_STORE_UPSTREAM_ERROR",
    detail: { transient: true },
  });
}

function refusal(): StoreError {
  const detail = { transient: true, status: 503 };
  return new StoreError("busy", { kind: "unavailable", code: "ERR_STORE_UPSTREAM_ERROR", detail });
}

/** A clock of a line on which an answer takes long to begin, so that several connections are opened. */
function farAway(): Timers & { pass(ms: number): void } {
  let nowMs = 0;
  return {
    ...systemTimers,
    sleep: async () => {},
    elapsedMs: () => (nowMs += 10),
    pass: (ms) => void (nowMs += ms),
  };
}

/** What is missing of a file of so many bytes. */
function createMissing(bytes: number): {
  ranges(): readonly ByteRange[];
  remove(at: number, count: number): void;
} {
  let ranges: readonly ByteRange[] = [{ start: 0, end: bytes }];
  return {
    ranges: () => ranges,
    remove(at, count) {
      ranges = ranges.flatMap(({ start, end }) =>
        [
          { start, end: Math.min(end, at) },
          { start: Math.max(start, at + count), end },
        ].filter((range) => range.start < range.end),
      );
    },
  };
}

async function* stream(start: number, end: number, breakAt: number): AsyncGenerator<Uint8Array> {
  const step = 1500;
  for (let at = start; at < end; at += step) {
    const to = Math.min(end, at + step, breakAt);
    if (to > at) yield content.subarray(at, to);
    if (to === breakAt) throw transient();
  }
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

function contextOf(sink: RangeSink, open: FillContext["open"]): FillContext & { fresh: number } {
  const context = {
    what: "test",
    sink,
    open,
    timers: { ...systemTimers, sleep: async () => {} },
    retry: { attemptsMax: 8, delayMs: 1, delayMsMax: 1 },
    fresh: 0,
    onBytes(count: number) {
      context.fresh += count;
    },
    onRetry() {},
  };
  return context;
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

  it("leaves to the connections a server serves what it refuses the others, without end", async () => {
    const served = 2;
    let open = 0;
    let most = 0;
    let refused = 0;
    const retries: unknown[] = [];
    const sink = createSink([{ start: 0, end: size }]);
    const context = contextOf(sink, async ({ start, end }) => {
      if (open === served) {
        refused += 1;
        throw refusal();
      }
      open += 1;
      most = Math.max(most, open);
      const body = (async function* () {
        try {
          for await (const chunk of stream(start, end, Infinity)) {
            await setImmediate();
            yield chunk;
          }
        } finally {
          open -= 1;
        }
      })();
      return { start, end, total: size, body };
    });
    const options = { connections: 6, resumable: true, pieceBytes: 512 };
    await fillRanges({ ...context, timers: farAway(), onRetry: (e) => retries.push(e) }, options);
    expect(Buffer.compare(sink.bytes, content)).toBe(0);
    expect(context.fresh).toBe(size);
    expect(most).toBe(served);
    expect(refused).toBeGreaterThan(0);
    // Nothing is tried again at once where others get on, and nobody runs out of attempts.
    expect(refused).toBeLessThan(12);
    expect(retries).toEqual([]);
  });

  it("brings the rest of a slow piece over another connection", async () => {
    const asked: ByteRange[] = [];
    const bytes = 4 * MIB;
    let fresh = 0;
    const missing = createMissing(bytes);
    const timers = farAway();
    const context = contextOf(
      { missing: missing.ranges, writeAt: async (at, chunk) => missing.remove(at, chunk.length) },
      async (range) => {
        asked.push(range);
        const { start, end } = range;
        const isSlow = asked.length === 1;
        const body = (async function* () {
          for (let at = start; at < end; at += 64 * 1024) {
            await setImmediate();
            timers.pass(isSlow ? 100 : 1);
            yield new Uint8Array(Math.min(64 * 1024, end - at));
          }
        })();
        return { start, end, total: bytes, body };
      },
    );
    const onBytes = (count: number): void => {
      fresh += count;
    };
    await fillRanges({ ...context, timers, onBytes }, { connections: 4, resumable: true });
    expect(missing.ranges()).toEqual([]);
    expect(fresh).toBe(bytes);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked[0]).toEqual({ start: 0, end: bytes });
    for (const { start } of asked) expect(start % (256 * 1024)).toBe(0);
  });

  it("tells that a write failed although it read on meanwhile", async () => {
    const full = new StoreError("full", { kind: "exhausted", code: "ERR_STORE_NO_SPACE" });
    let releases = 0;
    const buffers = {
      sizeBytes: 1024,
      acquire: async () => ({
        bytes: new Uint8Array(1024),
        writeAt: async () => setImmediate().then(() => Promise.reject(full)),
        release: () => void (releases += 1),
      }),
    };
    const sink = { ...createSink([{ start: 0, end: size }]), buffers };
    const context = contextOf(sink, async ({ start, end }) => {
      let left = end - start;
      const body: RangeBody = {
        async readInto(target) {
          await setImmediate();
          const count = Math.min(left, target.length);
          left -= count;
          return count;
        },
        async *[Symbol.asyncIterator]() {},
      };
      return { start, end, total: size, body };
    });
    await expect(fillRanges(context, { connections: 2, resumable: true })).rejects.toBe(full);
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
