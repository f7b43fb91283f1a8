import { setImmediate } from "node:timers/promises";

import { type ByteRange, StoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { content, contextOf, createSink, size, stream } from "../../test/fill-context.ts";
import { systemTimers, type Timers } from "../http/timers.ts";
import type { RangeBody } from "../source.ts";
import { fillRanges } from "./fill-ranges.ts";

const MIB = 1024 * 1024;

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
    idleMs: () => (nowMs += 10),
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

describe("filling pieces over several connections", () => {
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

  it("takes no server for a far one because this thread was busy", async () => {
    let most = 0;
    let open = 0;
    const sink = createSink([{ start: 0, end: size }]);
    const context = contextOf(sink, async ({ start, end }) => {
      open += 1;
      most = Math.max(most, open);
      await setImmediate();
      const body = (async function* () {
        yield* stream(start, end, Infinity);
        open -= 1;
      })();
      return { start, end, total: size, body };
    });
    const options = { connections: 6, resumable: true, pieceBytes: 512 };
    await fillRanges({ ...context, timers: { ...farAway(), idleMs: () => 0 } }, options);
    expect(Buffer.compare(sink.bytes, content)).toBe(0);
    expect(most).toBeLessThan(6);
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
});
