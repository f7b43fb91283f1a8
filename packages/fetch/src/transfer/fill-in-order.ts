import type { AbortOptions } from "@store/layout";

import { rangeIgnored, upstreamError } from "../http/http-errors.ts";
import { retrying } from "../http/retrying.ts";
import { closeBody } from "./fill-piece.ts";
import type { Fill } from "./fill-ranges.ts";
import { takeBody, type Taker } from "./take-body.ts";

/**
 * Brings everything from a source that knows no ranges: reads the whole from its first byte and
 * drops what is here already. Never appends: an offset is the number of bytes read so far.
 */
export async function fillInOrder(context: Fill, options: AbortOptions): Promise<void> {
  async function takeAnswer(progress: (bytes: number) => void): Promise<void> {
    const opened = await context.open({ start: 0, end: Infinity }, options);
    if (opened.start !== 0) {
      await closeBody(opened);
      throw rangeIgnored(context.what, 0, opened.start);
    }
    let taken = 0;
    const taker: Taker = {
      end: Infinity,
      onChunk(end, fresh) {
        taken = end;
        progress(fresh);
      },
    };
    await takeBody(opened, context, taker, options.signal);
    const isAllHere = context.sink.missing().length === 0;
    if (!isAllHere && taken < (opened.total ?? 0)) {
      throw upstreamError("the answer ended early", { url: context.what, transient: true });
    }
  }

  await retrying(takeAnswer, context, options);
}
