import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import type { Socket } from "node:net";

import type { AddressBook } from "../../policy/address-book.ts";
import { upstreamError, upstreamTimeout } from "../http-errors.ts";
import type { Trust } from "../transport/trust.ts";
import { proxyAuthorization, proxyRefusal } from "./proxy.ts";

export interface TunnelTarget {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface TunnelOptions {
  readonly addresses: AddressBook;
  readonly trust: Trust;
  readonly timeoutMs: number;
}

/**
 * Asks a proxy for a connection to a host (RFC 9110 §9.3.6). It learns the host's name and nothing
 * else of what is asked there.
 *
 * @throws StoreError `ERR_STORE_PROXY_AUTH_REQUIRED`, `ERR_STORE_UPSTREAM_ERROR`,
 * `ERR_STORE_UPSTREAM_TIMEOUT`
 */
export function openTunnel(
  proxy: URL,
  target: TunnelTarget,
  { addresses, trust, timeoutMs }: TunnelOptions,
): Promise<Socket> {
  const authority = `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`;
  const isSecure = proxy.protocol === "https:";
  const request = (isSecure ? requestSecure : requestPlain)(new URL(proxy.origin), {
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    lookup: addresses.lookup("any"),
    timeout: timeoutMs,
    ...(isSecure ? trust.tlsOptions() : {}),
  });
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("timeout", () => {
      request.destroy(upstreamTimeout(`the proxy opens no tunnel within ${timeoutMs} ms`, proxy));
    });
    request.on("connect", ({ statusCode = 0 }, socket: Socket, head) => {
      socket.setTimeout(0);
      const problem = findProblem(proxy, statusCode, head);
      if (problem === undefined) return resolve(socket);
      socket.destroy();
      reject(problem);
    });
    request.end();
  });
}

function findProblem(proxy: URL, status: number, head: Uint8Array): Error | undefined {
  if (status < 200 || status > 299) return proxyRefusal(proxy, status);
  if (head.length === 0) return undefined;
  // Whoever is at the other end of a tunnel waits for us to begin.
  return upstreamError("the proxy sends bytes of its own into a tunnel", {
    url: proxy,
    transient: false,
  });
}
