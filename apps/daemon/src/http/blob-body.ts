import { setImmediate as nextTurn } from "node:timers/promises";

/** What a body does when the store breaks off in the middle of it. */
export interface BodyEnd {
  /** Told once, with what the store threw. */
  onFailure(error: unknown): void;
  /**
   * Resets the connection. The status is sent already, so a body that ended in any gentler way could
   * be taken for a whole one. Without it, as in tests, the stream ends with an error.
   */
  readonly cut?: (() => void) | undefined;
}

/**
 * Opens a body of exactly `size` bytes. Nothing is sent before the store has given the first chunk,
 * so what is wrong with a blob by then becomes an answer and not a cut.
 *
 * One chunk is held at any time: the next is asked for when the client has taken the last. The
 * source is closed with the last byte, or as soon as the client goes away.
 *
 * @throws what the source throws with its first chunk
 */
export async function openBody(
  source: AsyncIterable<Uint8Array>,
  size: number,
  end: BodyEnd,
): Promise<ReadableStream<Uint8Array>> {
  const chunks = source[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array> | undefined = await chunks.next();
  let sent = 0;
  let cancelled = false;

  async function nextChunk(): Promise<IteratorResult<Uint8Array>> {
    if (first === undefined) return chunks.next();
    const held = first;
    first = undefined;
    // The adapter gathers what is at hand at once and writes it without asking whether there is
    // room. A turn of the event loop later nothing is, and every chunk waits for its turn.
    await nextTurn();
    return held;
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await nextChunk();
          // The client left while we read: nobody failed.
          if (cancelled) return;
          if (done === true) throw new Error(`the store gave ${sent} bytes of ${size}`);
          if (sent + value.length > size) throw new Error(`the store gave more than ${size} bytes`);
          sent += value.length;
          if (sent === size) await chunks.return?.();
          controller.enqueue(value);
          if (sent === size) controller.close();
        } catch (error) {
          end.onFailure(error);
          await chunks.return?.();
          // The adapter would print the error of a stream, and send its message. A stream that just
          // stays silent is cancelled with its connection.
          if (end.cut === undefined) controller.error(new Error("the body was cut short"));
          else end.cut();
        }
      },
      async cancel() {
        cancelled = true;
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
