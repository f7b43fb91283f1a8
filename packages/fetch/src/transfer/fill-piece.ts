import type { AbortOptions, ByteRange } from "@store/layout";

import { rangeIgnored } from "../http/http-errors.ts";
import { retrying } from "../http/retrying.ts";
import type { OpenedRange } from "../source.ts";
import type { FillContext } from "./fill-ranges.ts";
import { takeBody } from "./take-body.ts";

export interface FillPieceOptions extends AbortOptions {
  /** Called once per answer, before its bytes are taken. */
  onOpened(opened: OpenedRange, piece: ByteRange): void;
}

/**
 * Brings one piece, however many answers that takes. An answer that brings everything although a
 * piece was asked for is taken to its end.
 *
 * @throws StoreError `ERR_STORE_RANGE_IGNORED` if the source starts elsewhere than asked
 */
export async function fillPiece(
  piece: ByteRange,
  context: FillContext,
  options: FillPieceOptions,
): Promise<void> {
  let offset = piece.start;
  let goal = piece.end;

  /** Takes one answer, as far as it goes. Answers whether the piece is complete. */
  async function takeAnswer(progress: (bytes: number) => void): Promise<boolean> {
    const opened = await context.open({ start: offset, end: goal }, options);
    if (opened.start !== offset) {
      await closeBody(opened);
      throw rangeIgnored(context.what, offset, opened.start);
    }
    options.onOpened(opened, piece);
    goal = Math.min(Math.max(goal, opened.end), opened.total ?? Infinity);
    const onChunk = (end: number, fresh: number): void => {
      offset = end;
      progress(fresh);
    };
    await takeBody(opened, context, onChunk, options.signal);
    const isAllHere = opened.end === Infinity || context.sink.missing().length === 0;
    return isAllHere || offset >= goal;
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
