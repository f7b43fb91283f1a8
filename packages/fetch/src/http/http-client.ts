import type { AbortOptions } from "@store/layout";

import { createAddressBook, type Reach } from "../policy/address-book.ts";
import { guardHop } from "../policy/hop-guard.ts";
import { systemResolver } from "../policy/system-resolver.ts";
import type { AnswerFields } from "./answer-fields.ts";
import { connectionError } from "./connection-error.ts";
import { createHttpBody, type HttpBody } from "./http-body.ts";
import { offline, upstreamTimeout } from "./http-errors.ts";
import type { HopInfo, HttpOptions } from "./http-options.ts";
import { linkAbort } from "./link-abort.ts";
import { nextHop, redirectedPost, REDIRECTS_MAX, tooManyRedirects } from "./redirect.ts";
import { parseRequestUrl } from "./request-url.ts";
import { retrying } from "./retrying.ts";
import { defaultRetryPolicy, type RetryPolicy } from "./retry-policy.ts";
import { createSocketClient } from "./socket/socket-client.ts";
import { systemTimers, type Timers } from "./timers.ts";
import { createFetchTransport } from "./transport/fetch-transport.ts";
import { createNodeTransport } from "./transport/node-transport.ts";
import { createTrust } from "./transport/trust.ts";

/**
 * Longest silence of a server. Real ones answer within seconds; a stalled connection is common on
 * wireless networks and is best dropped and resumed.
 */
const IDLE_TIMEOUT_MS = 30_000;

export interface HttpRequest extends AbortOptions {
  readonly method?: "GET" | "HEAD" | "POST" | undefined;
  /** Of a POST, which follows no redirect: what it carries is for this URL alone. */
  readonly body?: string | undefined;
  /** Only the harmless ones among them cross origins; everything else stays with this URL's. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether the answer is the body of a file, which is worth a connection that copies nothing. */
  readonly bulk?: boolean | undefined;
  /** The URL that led here in an earlier request, if one did: for the policy. */
  readonly from?: URL | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: AnswerFields;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** To be read to its end or closed. */
  readonly body: HttpBody;
}

/** What every source over HTTP shares: redirects, time limits, and where credentials may go. */
export interface HttpClient {
  readonly timers: Timers;
  /**
   * Sends a request once and follows its redirects. Every final status is an answer.
   *
   * @throws StoreError `ERR_STORE_UPSTREAM_ERROR`, `ERR_STORE_UPSTREAM_TIMEOUT`,
   * `ERR_STORE_OFFLINE`, or what `checkUrl` throws
   */
  send(url: string, request?: HttpRequest): Promise<HttpResponse>;
  /** Runs an attempt again while its failure is transient, with growing pauses. */
  retrying<T>(attempt: () => Promise<T>, options?: AbortOptions): Promise<T>;
}

export function createHttpClient(options: HttpOptions = {}): HttpClient {
  const timers = options.timers ?? systemTimers;
  const retry: RetryPolicy = { ...defaultRetryPolicy, ...options.retry };
  const idleTimeoutMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const addresses = createAddressBook(options.resolver ?? systemResolver, timers);
  const trust = createTrust(options.ca);
  const proxyOf = options.proxy ?? (() => undefined);
  const network = { addresses, trust, proxyOf, timers, idleTimeoutMs };
  const transport =
    options.fetch === undefined
      ? createNodeTransport(network)
      : createFetchTransport(options.fetch);
  const sockets = options.fetch === undefined ? createSocketClient(network) : undefined;
  const common: Record<string, string> = {
    "accept-encoding": "identity",
    "user-agent": options.userAgent ?? "store",
  };

  /** Answers where the connection may lead. */
  async function check(url: URL, hop: HopInfo, signal: AbortSignal | undefined): Promise<Reach> {
    signal?.throwIfAborted();
    if (options.offline === true) throw offline(url);
    const reach = hop.redirects > 0 ? await guardHop(url, hop.first, addresses) : "any";
    await options.checkUrl?.(url, hop);
    return reach;
  }

  /** One request, one answer, no redirect followed. */
  async function sendOnce(
    url: URL,
    { method = "GET", body, signal }: HttpRequest,
    headers: Record<string, string>,
    reach: Reach,
  ): Promise<HttpResponse> {
    const link = linkAbort(signal);
    const silence = timers.after(idleTimeoutMs, () =>
      link.abort(upstreamTimeout(`no answer within ${idleTimeoutMs} ms`, url)),
    );
    try {
      const sent = { url, method, body, headers, reach, signal: link.signal };
      const { status, headers: answered, chunks } = await transport(sent);
      const context = { url, link, timers, idleTimeoutMs };
      return { status, headers: answered, url, body: createHttpBody(chunks, context) };
    } catch (error) {
      link.close();
      link.signal.throwIfAborted();
      throw connectionError(error, url);
    } finally {
      silence();
    }
  }

  /** The body of a file by the fast way, where that can be: `undefined` elsewhere. */
  async function sendFast(
    url: URL,
    { bulk, signal }: HttpRequest,
    headers: Record<string, string>,
    reach: Reach,
  ): Promise<HttpResponse | undefined> {
    if (bulk !== true || proxyOf(url) !== undefined) return undefined;
    return sockets?.send(url, headers, { signal, reach });
  }

  return {
    timers,
    async send(text, request = {}) {
      const { url: first, headers: own } = parseRequestUrl(text);
      let url = first;
      let { from } = request;
      const origin = from ?? first;
      const redirectsBefore = from === undefined ? 0 : 1;
      let headers = checkHeaders({ ...common, ...own, ...request.headers });
      for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
        const hop = { redirects: redirects + redirectsBefore, from, first: origin };
        const reach = await check(url, hop, request.signal);
        const response =
          (await sendFast(url, request, headers, reach)) ??
          (await sendOnce(url, request, headers, reach));
        const next = nextHop(response, headers);
        if (next === undefined) return response;
        if (request.method === "POST") throw redirectedPost(response);
        await response.body.drain();
        from = url;
        ({ url, headers } = next);
      }
      throw tooManyRedirects(first);
    },
    retrying: (attempt, retryOptions) => retrying(attempt, { retry, timers }, retryOptions),
  };
}

/** Our own sockets check nothing, and `fetch` would quote the value, which may be a secret. */
function checkHeaders(headers: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new TypeError("a header has no name");
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    throw new TypeError(`the header ${name} has a value that cannot be sent`);
  }
  return headers;
}
