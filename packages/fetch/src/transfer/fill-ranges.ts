import type { AbortOptions, ByteRange, IngestBuffers } from "@store/layout";

import { isRangeIgnored } from "../http/http-errors.ts";
import { linkAbort } from "../http/link-abort.ts";
import type { RetryContext } from "../http/retrying.ts";
import type { OpenedRange } from "../source.ts";
import { createConnectionTuner } from "./connection-tuner.ts";
import { fillInOrder } from "./fill-in-order.ts";
import { fillPiece } from "./fill-piece.ts";
import { createPieceQueue } from "./piece-queue.ts";
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

/**
 * Brings all missing bytes into a sink, in pieces over several connections where the source takes
 * ranges, in one stream where it does not. Broken pieces go on where they stopped.
 */
export async function fillRanges(context: FillContext, options: FillOptions): Promise<void> {
  if (context.sink.missing().length === 0) return;
  if (!options.resumable) {
    return fillInOrder({ ...context, retry: { ...context.retry, attemptsMax: 1 } }, options);
  }
  try {
    await fillPieces(context, options);
  } catch (error) {
    if (!isRangeIgnored(error)) throw error;
    options.signal?.throwIfAborted();
    await fillInOrder(context, options);
  }
}

/** Works through the pieces in order, over as many connections as pay; the first failure stops all. */
async function fillPieces(context: FillContext, options: FillOptions): Promise<void> {
  const link = linkAbort(options.signal);
  const queue = createPieceQueue(context.sink.missing());
  const tuner = createConnectionTuner(options.connections, context.timers);
  const workers = new Set<Promise<void>>();
  const delivering = new Set<Promise<void>>();
  let takesRanges = false;

  const own: FillContext = {
    ...context,
    async open(range, openOptions) {
      const askedMs = context.timers.elapsedMs();
      const opened = await context.open(range, openOptions);
      tuner.opened(context.timers.elapsedMs() - askedMs);
      return opened;
    },
  };

  /** Never rejects: the first failure becomes the reason that stops all. */
  async function work(onBytes: (count: number) => void): Promise<void> {
    const takePiece = (): ByteRange | undefined =>
      workers.size > tuner.wanted
        ? undefined
        : queue.take(options.pieceBytes ?? tuner.pieceBytes(queue.leftBytes));
    try {
      for (let piece = takePiece(); piece !== undefined; piece = takePiece()) {
        await fillPiece(piece, { ...own, onBytes }, { signal: link.signal, onOpened });
      }
    } catch (error) {
      link.abort(error);
    }
  }

  function start(): void {
    const worker: Promise<void> = Promise.resolve()
      .then(() =>
        work((count) => {
          context.onBytes(count);
          delivering.add(worker);
          tuner.received(count, delivering.size);
          if (takesRanges) startMore();
        }),
      )
      .finally(() => {
        workers.delete(worker);
        delivering.delete(worker);
      });
    workers.add(worker);
  }

  function startMore(): void {
    while (workers.size < tuner.wanted && queue.leftBytes > 0) start();
  }

  // The first answer tells whether the source takes ranges: only then are more connections opened.
  function onOpened(opened: OpenedRange, piece: ByteRange): void {
    if (takesRanges) return;
    // Everything comes in this one stream.
    if (opened.end > piece.end) queue.clear();
    takesRanges = true;
  }

  try {
    start();
    while (workers.size > 0) await Promise.all(workers);
    link.signal.throwIfAborted();
  } finally {
    link.close();
  }
}
