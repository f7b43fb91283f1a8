import type { OpenedRange } from "../source.ts";
import { countFresh } from "./count-fresh.ts";
import type { FillContext, RangeSink } from "./fill-ranges.ts";
import type { PendingWrites } from "./pending-writes.ts";
import { takeIntoBuffers } from "./take-into-buffers.ts";

export interface TakeContext extends Pick<FillContext, "sink" | "onBytes" | "limit"> {
  /** Writes that may still be under way when the body is taken. */
  readonly writes: PendingWrites;
}

/** For whom a body is taken. */
export interface Taker {
  /** Bytes from here on are not wanted. May come nearer while the body is taken. */
  readonly end: number;
  /** Told the end of each chunk and how many of its bytes were missing. */
  onChunk(end: number, fresh: number): void;
}

/**
 * Takes the bytes of an answer from its start. What is there already is skipped, and what would
 * only repeat it, or is not wanted, is not waited for.
 */
export async function takeBody(
  opened: OpenedRange,
  context: TakeContext,
  taker: Taker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sink, onBytes, limit } = context;
  if (opened.body.readInto !== undefined && sink.buffers !== undefined) {
    return takeIntoBuffers(opened, sink.buffers, context, taker, signal);
  }
  let offset = opened.start;
  for await (const chunk of opened.body) {
    signal?.throwIfAborted();
    const fresh = await writeFresh(sink, offset, chunk);
    offset += chunk.length;
    onBytes(fresh);
    taker.onChunk(offset, fresh);
    await limit?.take(chunk.length, { signal });
    // At its own end a body is read out: it may still have something to say.
    if (offset < opened.end && (offset >= taker.end || sink.missing().length === 0)) return;
  }
}

/**
 * Hands a chunk to a sink and answers how many of its bytes were missing. What is there already
 * stays: the first writer of an offset wins, and the digest decides in the end.
 */
async function writeFresh(sink: RangeSink, offset: number, chunk: Uint8Array): Promise<number> {
  const fresh = countFresh(sink.missing(), offset, chunk.length);
  if (fresh > 0) await sink.writeAt(offset, chunk);
  return fresh;
}
