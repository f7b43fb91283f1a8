import { connectionError } from "../connection-error.ts";
import type { HttpBody } from "../http-body.ts";
import type { AbortLink } from "../link-abort.ts";
import { createPace, type Silence } from "../pace.ts";
import type { Timers } from "../timers.ts";
import type { SocketReader } from "./socket-reader.ts";

/** Bytes of a chunk for whoever iterates instead of giving memory. */
const CHUNK_BYTES = 64 * 1024;
/** A body of a redirect or an error is read to its end up to here, which keeps the connection. */
const DRAIN_BYTES_MAX = 64 * 1024;

export interface SocketBodyContext {
  readonly url: URL;
  readonly link: AbortLink;
  readonly timers: Timers;
  readonly silence: Silence;
  /** Told once, when the connection is not needed any more; `whole`: the body was read to its end. */
  onEnd(whole: boolean): void;
}

const done: IteratorResult<Uint8Array> = { done: true, value: undefined };

/** The body of an answer of known length, straight from its connection. */
export function createSocketBody(
  socket: SocketReader,
  length: number,
  { url, link, timers, silence, onEnd }: SocketBodyContext,
): HttpBody {
  const pace = createPace(url);
  let left = length;
  let ended = false;
  if (left === 0) end(true);

  function end(whole: boolean): void {
    if (ended) return;
    ended = true;
    silence.end();
    link.close();
    onEnd(whole);
  }

  async function readInto(target: Uint8Array): Promise<number> {
    if (ended || target.length === 0) return 0;
    const wanted = target.subarray(0, Math.min(target.length, left));
    const startMs = timers.elapsedMs();
    silence.begin();
    try {
      const count = await socket.fill(wanted);
      pace.add(timers.elapsedMs() - startMs, count);
      left -= count;
      if (left === 0 || count === 0) end(left === 0);
      return count;
    } catch (error) {
      end(false);
      link.signal.throwIfAborted();
      throw connectionError(error, url);
    } finally {
      silence.end();
    }
  }

  const body: HttpBody = {
    readInto,
    async next() {
      const memory = new Uint8Array(Math.min(CHUNK_BYTES, left));
      const count = await readInto(memory);
      return count === 0 ? done : { done: false, value: memory.subarray(0, count) };
    },
    async return() {
      end(false);
      return done;
    },
    async close() {
      end(false);
    },
    async drain() {
      if (left > DRAIN_BYTES_MAX) return end(false);
      const memory = new Uint8Array(left);
      // What a discarded body had to say does not matter, an abort is noticed by the next step.
      await readInto(memory).catch(() => 0);
      end(false);
    },
    [Symbol.asyncIterator]: () => body,
  };
  return body;
}
