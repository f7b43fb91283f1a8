import type { IngestBuffer, IngestBuffers } from "@store/layout";

import type { OpenedRange, RangeBody } from "../source.ts";
import { countFresh } from "./count-fresh.ts";
import type { TakeContext, Taker } from "./take-body.ts";

/**
 * Takes a body without copying it: it lands in the sink's own memory. Writes run behind the reads,
 * as far as there is memory. What came before a failure is kept.
 */
export async function takeIntoBuffers(
  { body, start, end }: OpenedRange,
  buffers: IngestBuffers,
  { sink, onBytes, limit, writes }: TakeContext,
  taker: Taker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const endWanted = (): number => Math.min(end, taker.end);

  function write(buffer: IngestBuffer, offset: number, count: number): void {
    if (count === 0) buffer.release();
    else writes.add(buffer.writeAt(offset, count));
  }

  try {
    for (let offset = start; offset < endWanted() && writes.failure === undefined;) {
      const buffer = await buffers.acquire({ signal, offset });
      // Up to the next multiple, so that the following buffers are written whole.
      const whole = buffers.sizeBytes - (offset % buffers.sizeBytes);
      const room = Math.max(0, Math.min(endWanted() - offset, whole));
      let filled = 0;
      try {
        for await (const came of parts(body, buffer.bytes.subarray(0, room), limit?.stepBytes)) {
          const at = offset + filled;
          const count = Math.max(0, Math.min(came, endWanted() - at));
          const fresh = countFresh(sink.missing(), at, count);
          filled += count;
          onBytes(fresh);
          taker.onChunk(at + count, fresh);
          await limit?.take(count, { signal });
          if (at + count >= endWanted()) break;
        }
      } finally {
        write(buffer, offset, filled);
      }
      offset += filled;
      if (filled < room || (offset < end && sink.missing().length === 0)) break;
    }
  } finally {
    await body[Symbol.asyncIterator]().return?.();
  }
  if (writes.failure !== undefined) throw writes.failure.error;
}

/** Fills memory, part by part as the bytes come; ends early with the body. */
async function* parts(
  body: RangeBody,
  memory: Uint8Array,
  partBytesMax = memory.length,
): AsyncGenerator<number> {
  for (let filled = 0; filled < memory.length;) {
    const part = memory.subarray(filled, filled + partBytesMax);
    const count = (await body.readInto?.(part)) ?? 0;
    if (count === 0) return;
    filled += count;
    yield count;
  }
}
