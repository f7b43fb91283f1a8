import type { AbortOptions, ByteRange, IngestBuffers } from "@store/layout";

import { isRangeIgnored } from "../http/http-errors.ts";
import type { RetryContext } from "../http/retrying.ts";
import type { OpenedRange } from "../source.ts";
import { fillInOrder } from "./fill-in-order.ts";
import { fillPieces } from "./fill-pieces.ts";
import { createPendingWrites, type PendingWrites } from "./pending-writes.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What takes the bytes: an ingest, or memory. */
export interface RangeSink {
  missing(): readonly ByteRange[];
  writeAt(offset: number, chunk: Uint8Array): Promise<void>;
  /** Memory to receive in, where that saves copies. */
  readonly buffers?: IngestBuffers | undefined;
}

export interface FillContext extends RetryContext {
  /** What is fetched, for messages: a URL without credentials, or a path. */
  readonly what: string;
  readonly sink: RangeSink;
  /** Opens a range once. */
  open(range: ByteRange, options: AbortOptions): Promise<OpenedRange>;
  /** Bound on the rate, shared with other transfers. */
  readonly limit?: RateLimit | undefined;
  /** New bytes for the sink. */
  onBytes(count: number): void;
}

export interface FillOptions extends AbortOptions {
  /** The most connections at once; as many as pay are used. */
  readonly connections: number;
  /**
   * `false`: nothing proves that two answers carry the same bytes, so one answer must bring
   * everything and a broken one is an error.
   */
  readonly resumable: boolean;
  /** Largest part asked for at once; fitted to the line by default. */
  readonly pieceBytes?: number | undefined;
}

/** A fill under way. */
export interface Fill extends FillContext {
  readonly writes: PendingWrites;
}

/**
 * Brings all missing bytes into a sink, in pieces over several connections where the source takes
 * ranges, in one stream where it does not. Broken pieces go on where they stopped.
 */
export async function fillRanges(context: FillContext, options: FillOptions): Promise<void> {
  if (context.sink.missing().length === 0) return;
  const fill = { ...context, writes: createPendingWrites() };
  try {
    await fillAnyWay(fill, options);
  } finally {
    await fill.writes.ended();
  }
}

/** The same in one answer, begun again where it breaks: for files that are not worth more. */
export async function fillWhole(context: FillContext, options: AbortOptions): Promise<void> {
  if (context.sink.missing().length === 0) return;
  const fill = { ...context, writes: createPendingWrites() };
  await fillInOrder(fill, options);
}

async function fillAnyWay(fill: Fill, options: FillOptions): Promise<void> {
  if (!options.resumable) {
    return fillInOrder({ ...fill, retry: { ...fill.retry, attemptsMax: 1 } }, options);
  }
  try {
    await fillPieces(fill, options);
  } catch (error) {
    if (!isRangeIgnored(error)) throw error;
    options.signal?.throwIfAborted();
    await fillInOrder(fill, options);
  }
}
