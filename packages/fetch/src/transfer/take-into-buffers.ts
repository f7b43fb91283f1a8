import type { IngestBuffer, IngestBuffers } from "@store/layout";

import type { OpenedRange, RangeBody } from "../source.ts";
import { countFresh } from "./count-fresh.ts";
import type { FillContext } from "./fill-ranges.ts";

/**
 * Takes a body without copying it: it lands in the sink's own memory. Writes run behind the reads,
 * as far as there is memory; all have ended when this does. What came before a failure is kept.
 */
export async function takeIntoBuffers(
  { body, start, end }: OpenedRange,
  buffers: IngestBuffers,
  { sink, onBytes, limit }: Pick<FillContext, "sink" | "onBytes" | "limit">,
  onChunk: (end: number, fresh: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const writes = new Set<Promise<void>>();
  const failures: unknown[] = [];

  function write(buffer: IngestBuffer, offset: number, count: number): void {
    if (count === 0) return buffer.release();
    const written = buffer
      .writeAt(offset, count)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => writes.delete(written));
    writes.add(written);
  }

  try {
    for (let offset = start; offset < end && failures.length === 0;) {
      const buffer = await buffers.acquire({ signal, offset });
      // Up to the next multiple, so that the following buffers are written whole.
      const room = Math.min(end - offset, buffers.sizeBytes - (offset % buffers.sizeBytes));
      let filled = 0;
      try {
        for await (const count of parts(body, buffer.bytes.subarray(0, room), limit?.stepBytes)) {
          const at = offset + filled;
          const fresh = countFresh(sink.missing(), at, count);
          filled += count;
          onBytes(fresh);
          onChunk(at + count, fresh);
          await limit?.take(count, { signal });
        }
      } finally {
        write(buffer, offset, filled);
      }
      offset += filled;
      if (filled < room || (offset < end && sink.missing().length === 0)) break;
    }
  } finally {
    await Promise.all(writes);
    await body[Symbol.asyncIterator]().return?.();
  }
  for (const failure of failures) throw failure;
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
