import type { AbortOptions, ByteRange } from "@store/layout";

import { rangeIgnored } from "../http/http-errors.ts";
import { retrying } from "../http/retrying.ts";
import type { OpenedRange } from "../source.ts";
import type { Fill } from "./fill-ranges.ts";
import { noteOpened, type Piece } from "./piece-queue.ts";
import { takeBody, type Taker } from "./take-body.ts";

export interface FillPieceOptions extends AbortOptions {
  /** Called once per answer, before its bytes are taken. */
  onOpened(opened: OpenedRange, asked: ByteRange): void;
}

/**
 * Brings one piece, however many answers that takes. An answer that brings everything although a
 * piece was asked for is taken to its end.
 *
 * @param piece what came of it is noted here, and its end may be brought nearer meanwhile
 * @throws StoreError `ERR_STORE_RANGE_IGNORED` if the source starts elsewhere than asked
 */
export async function fillPiece(
  piece: Piece,
  context: Fill,
  options: FillPieceOptions,
): Promise<void> {
  /** Takes one answer, as far as it goes. Answers whether the piece is complete. */
  async function takeAnswer(progress: (bytes: number) => void): Promise<boolean> {
    const asked = { start: piece.offset, end: piece.end };
    const opened = await context.open(asked, options);
    if (opened.start !== asked.start) {
      await closeBody(opened);
      throw rangeIgnored(context.what, asked.start, opened.start);
    }
    options.onOpened(opened, asked);
    noteOpened(piece, context.timers.elapsedMs());
    if (opened.end > asked.end) piece.end = opened.end;
    piece.end = Math.min(piece.end, opened.total ?? Infinity);
    const taker: Taker = {
      get end() {
        return piece.end;
      },
      onChunk(end, fresh) {
        piece.offset = end;
        progress(fresh);
      },
    };
    await takeBody(opened, context, taker, options.signal);
    const isAllHere = opened.end === Infinity || context.sink.missing().length === 0;
    return isAllHere || piece.offset >= piece.end;
  }

  async function takeAll(progress: (bytes: number) => void): Promise<void> {
    while (!(await takeAnswer(progress)));
  }
  await retrying(takeAll, context, options);
}

/** Gives an opened body up unread. */
export async function closeBody({ body }: OpenedRange): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
