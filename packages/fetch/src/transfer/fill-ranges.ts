import type { AbortOptions, ByteRange, IngestBuffers } from "@store/layout";

import { isRangeIgnored } from "../http/http-errors.ts";
import { linkAbort } from "../http/link-abort.ts";
import type { RetryContext } from "../http/retrying.ts";
import type { OpenedRange } from "../source.ts";
import { fillInOrder } from "./fill-in-order.ts";
import { fillPiece } from "./fill-piece.ts";
import { countBytes, pieceBytesFor, planPieces } from "./plan-pieces.ts";

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
  /** New bytes for the sink. */
  onBytes(count: number): void;
}

export interface FillOptions extends AbortOptions {
  readonly connections: number;
  /**
   * `false`: nothing proves that two answers carry the same bytes, so one answer must bring
   * everything and a broken one is an error.
   */
  readonly resumable: boolean;
  /** Largest part asked for at once; fitted to the file by default. */
  readonly pieceBytes?: number | undefined;
}

/**
 * Brings all missing bytes into a sink, in pieces over several connections where the source takes
 * ranges, in one stream where it does not. Broken pieces go on where they stopped.
 */
export async function fillRanges(context: FillContext, options: FillOptions): Promise<void> {
  const missing = context.sink.missing();
  if (missing.length === 0) return;
  if (!options.resumable) {
    return fillInOrder({ ...context, retry: { ...context.retry, attemptsMax: 1 } }, options);
  }
  const pieceBytes = options.pieceBytes ?? pieceBytesFor(countBytes(missing), options.connections);
  try {
    await fillPieces(planPieces(missing, pieceBytes), context, options);
  } catch (error) {
    if (!isRangeIgnored(error)) throw error;
    options.signal?.throwIfAborted();
    await fillInOrder(context, options);
  }
}

/** Works through the pieces in order; the first failure stops them all. */
async function fillPieces(
  pieces: readonly ByteRange[],
  context: FillContext,
  options: FillOptions,
): Promise<void> {
  const link = linkAbort(options.signal);
  const queue = [...pieces].reverse();

  /** Never rejects: the first failure becomes the reason that stops all. */
  async function work(): Promise<void> {
    try {
      for (let piece = queue.pop(); piece !== undefined; piece = queue.pop()) {
        await fillPiece(piece, context, { signal: link.signal, onOpened });
      }
    } catch (error) {
      link.abort(error);
    }
  }

  let others: readonly Promise<void>[] | undefined;
  // The first answer tells whether the source takes ranges: only then are more connections opened.
  function onOpened(opened: OpenedRange, piece: ByteRange): void {
    if (others !== undefined) return;
    // Everything comes in this one stream.
    if (opened.end > piece.end) queue.length = 0;
    const count = Math.min(options.connections - 1, queue.length);
    others = Array.from({ length: count }, () => work());
  }

  try {
    await work();
    await Promise.all(others ?? []);
    link.signal.throwIfAborted();
  } finally {
    link.close();
  }
}
