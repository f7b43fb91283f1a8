import { type ByteRange, StoreError } from "@store/layout";
import { createContent } from "@store/layout/testing";

import { systemTimers } from "../src/http/timers.ts";
import type { FillContext, RangeSink } from "../src/transfer/fill-ranges.ts";

/** Bytes of the file that is brought. */
export const size = 20_345;
export const content = createContent(size, 8);

/** A sink that counts how often each byte was written. */
export function createSink(
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

export function transient(): StoreError {
  return new StoreError("broken", {
    kind: "unavailable",
    code: "ERR_STORE_UPSTREAM_ERROR",
    detail: { transient: true },
  });
}

/** The file from here to there, broken off on the way. */
export async function* stream(
  start: number,
  end: number,
  breakAt: number,
): AsyncGenerator<Uint8Array> {
  const step = 1500;
  for (let at = start; at < end; at += step) {
    const to = Math.min(end, at + step, breakAt);
    if (to > at) yield content.subarray(at, to);
    if (to === breakAt) throw transient();
  }
}

/** A fill without pauses between attempts. */
export function contextOf(
  sink: RangeSink,
  open: FillContext["open"],
): FillContext & { fresh: number } {
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
