import type { AbortOptions } from "@store/layout";

import type { Reach } from "../../policy/address-book.ts";
import { connectionError } from "../connection-error.ts";
import type { HttpResponse } from "../http-client.ts";
import { upstreamTimeout } from "../http-errors.ts";
import { type AbortLink, linkAbort } from "../link-abort.ts";
import { createSilence, type Silence } from "../pace.ts";
import type { Timers } from "../timers.ts";
import { formatRequest } from "./format-request.ts";
import { parseHead, type ResponseHead } from "./response-head.ts";
import { createSocketBody } from "./socket-body.ts";
import { createSocketPool } from "./socket-pool.ts";
import type { SocketOptions, SocketReader } from "./socket-reader.ts";

/** Origins remembered for not answering plainly. */
const DECLINED_COUNT_MAX = 256;

export interface SocketClientOptions extends Pick<SocketOptions, "addresses" | "trust"> {
  readonly timers: Timers;
  readonly idleTimeoutMs: number;
}

export interface SocketSendOptions extends AbortOptions {
  /** Where the connection may lead; anywhere by default. */
  readonly reach?: Reach | undefined;
}

/**
 * A small HTTP/1.1 client for the bodies of files: what arrives lands in the caller's memory. It
 * takes plain answers only.
 */
export interface SocketClient {
  /**
   * Sends a GET once, follows nothing.
   *
   * @returns `undefined` where the answer, or an earlier one of that origin, was not plain: ask in
   * another way
   * @throws StoreError `ERR_STORE_UPSTREAM_ERROR`, `ERR_STORE_UPSTREAM_TIMEOUT`
   */
  send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    options?: SocketSendOptions,
  ): Promise<HttpResponse | undefined>;
}

/** One request on its way. */
interface Exchange {
  readonly url: URL;
  readonly reach: Reach;
  readonly link: AbortLink;
  readonly silence: Silence;
  /** The connection in use: it is closed when the caller aborts. */
  socket: SocketReader | undefined;
}

export function createSocketClient(options: SocketClientOptions): SocketClient {
  const { timers, idleTimeoutMs } = options;
  const { addresses, trust } = options;
  const pool = createSocketPool({ addresses, trust, elapsedMs: timers.elapsedMs });
  const declined = new Set<string>();

  function begin(url: URL, { signal, reach = "any" }: SocketSendOptions): Exchange {
    const link = linkAbort(signal);
    const silence = createSilence(timers, idleTimeoutMs, () =>
      link.abort(upstreamTimeout(`no bytes for ${idleTimeoutMs} ms`, url)),
    );
    const exchange: Exchange = { url, reach, link, silence, socket: undefined };
    link.signal.addEventListener("abort", () => exchange.socket?.destroy(link.signal.reason));
    return exchange;
  }

  async function ask(
    exchange: Exchange,
    socket: SocketReader,
    request: string,
  ): Promise<ResponseHead | undefined> {
    exchange.socket = socket;
    exchange.link.signal.throwIfAborted();
    socket.write(request);
    exchange.silence.begin();
    try {
      const head = await socket.readHead();
      if (head === undefined && !socket.answered) {
        throw Object.assign(new Error("no answer"), { code: "ECONNRESET" });
      }
      return head === undefined ? undefined : parseHead(head);
    } finally {
      exchange.silence.end();
    }
  }

  /** Asks over a resting connection first, which the server may have closed meanwhile. */
  async function askOnAny(exchange: Exchange, request: string): Promise<ResponseHead | undefined> {
    const resting = pool.take(exchange);
    if (resting !== undefined) {
      try {
        return await ask(exchange, resting, request);
      } catch (error) {
        exchange.link.signal.throwIfAborted();
        if (resting.answered) throw error;
      }
    }
    return ask(exchange, pool.open(exchange), request);
  }

  function decline(origin: string): void {
    const [oldest] = declined;
    if (declined.size >= DECLINED_COUNT_MAX && oldest !== undefined) declined.delete(oldest);
    declined.add(origin);
  }

  function answer(exchange: Exchange, head: ResponseHead, socket: SocketReader): HttpResponse {
    const { url, reach } = exchange;
    // Not before: a head that comes byte by byte must come in time as a whole.
    socket.onBytes = exchange.silence.note;
    const body = createSocketBody(socket, head.length, {
      ...exchange,
      timers,
      onEnd(whole) {
        socket.onBytes = undefined;
        exchange.socket = undefined;
        if (whole && head.keepAlive) pool.give({ url, reach }, socket);
        else socket.destroy();
      },
    });
    return { status: head.status, headers: head.headers, url, body };
  }

  return {
    async send(url, headers, sendOptions = {}) {
      if (declined.has(url.origin)) return undefined;
      const exchange = begin(url, sendOptions);
      try {
        const head = await askOnAny(exchange, formatRequest(url, headers));
        const { socket } = exchange;
        if (head !== undefined && socket !== undefined) return answer(exchange, head, socket);
        socket?.destroy();
        decline(url.origin);
        exchange.link.close();
        return undefined;
      } catch (error) {
        exchange.socket?.destroy();
        exchange.link.close();
        exchange.link.signal.throwIfAborted();
        throw connectionError(error, url);
      }
    },
  };
}
