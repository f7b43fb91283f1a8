import { type IncomingMessage, request as requestPlain, type RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";

import type { AddressBook } from "../../policy/address-book.ts";
import { createAnswerFields } from "../answer-fields.ts";
import { proxyAuthorization, type ProxyLookup, proxyRefusal } from "../proxy/proxy.ts";
import { type ConnectionPools, createConnectionPools } from "./connection-pools.ts";
import type { ChunkReader, Transport, TransportAnswer, TransportRequest } from "./transport.ts";
import type { Trust } from "./trust.ts";

export interface NodeTransportOptions {
  readonly addresses: AddressBook;
  readonly trust: Trust;
  readonly proxyOf: ProxyLookup;
  /** Longest wait for a proxy to open a tunnel. */
  readonly idleTimeoutMs: number;
}

/**
 * Requests over Node's own HTTP client: it knows all of HTTP/1.1, and lets us say which addresses a
 * name has, whom to trust, and which proxy to use.
 */
export function createNodeTransport(options: NodeTransportOptions): Transport {
  const pools = createConnectionPools(options);
  return async (request) => {
    for (;;) {
      const sent = start(request, options.proxyOf(request.url), pools);
      try {
        return await sent.answer;
      } catch (error) {
        // The server closed a resting connection while the request was on its way: it has not
        // answered it, and asking once more is safe. Each round uses such a connection up.
        const isStale = sent.isReused() && request.method !== "POST" && !request.signal.aborted;
        if (!isStale || !closedCodes.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      }
    }
  };
}

const closedCodes: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);

interface Sent {
  readonly answer: Promise<TransportAnswer>;
  /** Whether it went over a connection that had carried another request. */
  isReused(): boolean;
}

function start(
  { url, method, headers, body, reach, signal }: TransportRequest,
  proxy: URL | undefined,
  pools: ConnectionPools,
): Sent {
  const isSecure = url.protocol === "https:";
  // A plain request is handed to the proxy whole; a secure one goes through a tunnel.
  const isRelayed = proxy !== undefined && !isSecure;
  const options: RequestOptions = {
    method,
    headers: isRelayed ? { ...headers, host: url.host, ...proxyAuthorization(proxy) } : headers,
    signal,
    agent: pools.find(url, reach, proxy),
    ...(isRelayed ? { path: url.href } : {}),
  };
  const send = (isRelayed ? proxy.protocol === "https:" : isSecure) ? requestSecure : requestPlain;
  const request = send(isRelayed ? addressOf(proxy) : url, options);
  const received = new Promise<IncomingMessage>((resolve, reject) => {
    request.on("error", reject);
    request.on("upgrade", (_message, socket) => {
      socket.destroy();
      reject(Object.assign(new Error("another protocol"), { code: "ERR_UNEXPECTED_UPGRADE" }));
    });
    request.on("response", (message) => {
      // Whoever reads the body gets its errors; a body that nobody reads has nobody to tell.
      message.on("error", () => {});
      if (isRelayed && message.statusCode === 407) {
        message.destroy();
        reject(proxyRefusal(proxy, 407));
      } else {
        resolve(message);
      }
    });
    request.end(body);
  });
  return { answer: received.then(toAnswer), isReused: () => request.reusedSocket };
}

/** A proxy's URL without its credentials, which Node would send to whoever is asked. */
function addressOf({ origin }: URL): URL {
  return new URL(origin);
}

function toAnswer(message: IncomingMessage): TransportAnswer {
  const headers = createAnswerFields();
  const { rawHeaders } = message;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  return { status: message.statusCode ?? 0, headers, chunks: readerOf(message) };
}

function readerOf(message: IncomingMessage): ChunkReader {
  const iterator = message[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return {
    read: async () => (await iterator.next()).value,
    async cancel() {
      message.destroy();
    },
  };
}
