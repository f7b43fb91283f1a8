import type { AbortOptions, ByteRange } from "@store/layout";

import { linkAbort } from "../http/link-abort.ts";
import type { OpenedRange } from "../source.ts";
import { createConnectionTuner } from "./connection-tuner.ts";
import { fillPiece } from "./fill-piece.ts";
import type { Fill, FillOptions } from "./fill-ranges.ts";
import { createPieceQueue, type Piece } from "./piece-queue.ts";
import { isRefusal, Refused, retryAfterMsOf } from "./refusal.ts";

/** One connection at a time, for one piece after the other. */
type Worker = object;

/**
 * Works through the missing ranges in order, over as many connections as pay. Whoever finds nothing
 * left takes half of what would take longest. A connection the server refuses leaves its piece to
 * those it serves; any other failure that is final stops all.
 */
export async function fillPieces(context: Fill, options: FillOptions): Promise<void> {
  const { timers } = context;
  const link = linkAbort(options.signal);
  const queue = createPieceQueue(context.sink.missing(), timers.elapsedMs);
  const tuner = createConnectionTuner(options.connections, timers);
  const workers = new Map<Worker, Promise<void>>();
  /** Those the server serves. */
  const served = new Set<Worker>();
  /** Those that have brought something. */
  const delivering = new Set<Worker>();
  let takesRanges = false;

  function nextPiece(): Piece | undefined {
    const pieceBytes = options.pieceBytes ?? tuner.pieceBytes(queue.leftBytes);
    return queue.take(pieceBytes) ?? queue.split(tuner.patienceMs);
  }

  async function open(
    worker: Worker,
    range: ByteRange,
    openOptions: AbortOptions,
  ): Promise<OpenedRange> {
    const idleBeforeMs = timers.idleMs();
    try {
      const opened = await context.open(range, openOptions);
      // What this thread did meanwhile says nothing about the line.
      tuner.opened(timers.idleMs() - idleBeforeMs);
      served.add(worker);
      return opened;
    } catch (error) {
      const others = served.size - (served.has(worker) ? 1 : 0);
      if (others === 0 || !isRefusal(error)) throw error;
      tuner.refused(others, retryAfterMsOf(error));
      for (const group of [served, delivering]) group.delete(worker);
      throw new Refused(error);
    }
  }

  async function work(worker: Worker, first: Piece): Promise<void> {
    const own: Fill = {
      ...context,
      open: (range, openOptions) => open(worker, range, openOptions),
      onRetry(event) {
        // Where a line breaks for all, none is refused for the sake of others.
        served.delete(worker);
        context.onRetry?.(event);
      },
      onBytes(count) {
        context.onBytes(count);
        delivering.add(worker);
        tuner.received(count, delivering.size);
        if (takesRanges) startMore();
      },
    };
    for (let piece: Piece | undefined = first; piece !== undefined;) {
      try {
        await fillPiece(piece, own, { signal: link.signal, onOpened });
      } catch (error) {
        queue.giveBack(piece);
        throw error;
      }
      queue.done(piece);
      piece = workers.size > tuner.wanted ? undefined : nextPiece();
    }
  }

  /** Never rejects: the first failure becomes the reason that stops all. */
  async function run(worker: Worker, first: Piece): Promise<void> {
    try {
      await work(worker, first);
    } catch (error) {
      if (!(error instanceof Refused)) link.abort(error);
    }
    for (const group of [workers, served, delivering]) group.delete(worker);
    // Two that were refused at once may each have relied on the other.
    if (!link.signal.aborted) startMore();
  }

  function startMore(): void {
    while (workers.size < tuner.wanted) {
      const piece = nextPiece();
      if (piece === undefined) return;
      const worker: Worker = {};
      workers.set(
        worker,
        Promise.resolve().then(() => run(worker, piece)),
      );
    }
  }

  // The first answer tells whether the source takes ranges: only then are more connections opened.
  function onOpened(opened: OpenedRange, asked: ByteRange): void {
    if (takesRanges) return;
    // Everything comes in this one stream.
    if (opened.end > asked.end) queue.clear();
    takesRanges = true;
    startMore();
  }

  try {
    startMore();
    while (workers.size > 0) await Promise.all(workers.values());
    link.signal.throwIfAborted();
  } finally {
    link.close();
  }
}
