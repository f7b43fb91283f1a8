import { connectionError } from "./connection-error.ts";
import { upstreamTimeout } from "./http-errors.ts";
import type { AbortLink } from "./link-abort.ts";
import { createPace } from "./pace.ts";
import type { Timers } from "./timers.ts";
import type { ChunkReader } from "./transport/transport.ts";

/** A body of a redirect or an error is read to its end up to here, which keeps the connection. */
const DRAIN_BYTES_MAX = 64 * 1024;

/** The bytes of an answer. Iterate it once, or close it. */
export interface HttpBody extends AsyncIterableIterator<Uint8Array> {
  /**
   * Fills memory of the caller's from its start, where the body can do so without a copy. Answers
   * the bytes put there: fewer
   * than fit where that takes long or the body ends, 0 behind its end.
   */
  readInto?(target: Uint8Array): Promise<number>;
  return(): Promise<IteratorResult<Uint8Array>>;
  /** Gives the body up; a no-op once it has ended. Never throws. */
  close(): Promise<void>;
  /** Reads a short rest and drops it, gives up a long one. Never throws. */
  drain(): Promise<void>;
}

export interface HttpBodyContext {
  readonly url: URL;
  readonly link: AbortLink;
  readonly timers: Timers;
  readonly idleTimeoutMs: number;
}

const done: IteratorResult<Uint8Array> = { done: true, value: undefined };

export function createHttpBody(
  reader: ChunkReader | undefined,
  context: HttpBodyContext,
): HttpBody {
  const { url, link, timers, idleTimeoutMs } = context;
  let ended = reader === undefined;
  const pace = createPace(url);
  if (ended) link.close();

  async function readChunk(): Promise<Uint8Array | undefined> {
    if (ended || reader === undefined) return undefined;
    const startMs = timers.elapsedMs();
    const silence = timers.after(idleTimeoutMs, () =>
      link.abort(upstreamTimeout(`no bytes for ${idleTimeoutMs} ms`, url)),
    );
    try {
      const value = await reader.read();
      pace.add(timers.elapsedMs() - startMs, value?.length ?? 0);
      return value;
    } catch (error) {
      await close();
      link.signal.throwIfAborted();
      throw connectionError(error, url);
    } finally {
      silence();
    }
  }

  async function close(): Promise<void> {
    if (ended) return;
    ended = true;
    link.close();
    // A connection that is broken already has nothing left to give up.
    await reader?.cancel().catch(() => {});
  }

  const body: HttpBody = {
    async next() {
      for (;;) {
        const value = await readChunk();
        if (value === undefined) {
          ended = true;
          link.close();
          return done;
        }
        if (value.length > 0) return { done: false, value };
      }
    },
    async return() {
      await close();
      return done;
    },
    close,
    async drain() {
      try {
        let left = DRAIN_BYTES_MAX;
        for (let chunk = await readChunk(); chunk !== undefined; chunk = await readChunk()) {
          left -= chunk.length;
          if (left < 0) return await close();
        }
        ended = true;
        link.close();
      } catch {
        // What a discarded body had to say does not matter, an abort is noticed by the next step.
        await close();
      }
    },
    [Symbol.asyncIterator]: () => body,
  };
  return body;
}
