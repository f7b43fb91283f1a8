import type { Resolver } from "../policy/address-book.ts";
import type { ProxyLookup } from "./proxy/proxy.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { Timers } from "./timers.ts";

/** How the sources reach the network. Everything impure is injected; the defaults are the platform's. */
export interface HttpOptions {
  /**
   * What requests are sent with. One that is given here gets all of them, and decides itself on
   * addresses, proxies and certificates; by default the bodies of files come over sockets of our own
   * where the server answers plainly, which is faster, and all else over Node's client.
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly timers?: Timers | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly userAgent?: string | undefined;
  /** Refuses every request with `ERR_STORE_OFFLINE`. */
  readonly offline?: boolean | undefined;
  /**
   * Asked before every request, each hop of a redirect included; throws to refuse it
   * (`ERR_STORE_POLICY_REFUSED`).
   */
  readonly checkUrl?: ((url: URL, hop: HopInfo) => void | Promise<void>) | undefined;
  /** The proxy for a URL: `createProxyLookup` reads the environment. None by default. */
  readonly proxy?: ProxyLookup | undefined;
  /** Certificates in PEM of issuers to trust besides the usual ones. */
  readonly ca?: string | undefined;
  /**
   * Finds the addresses of hosts. Those it finds are checked where a redirect leads to one, and they
   * are what is connected to. The system's by default.
   */
  readonly resolver?: Resolver | undefined;
  /** Longest wait for the first byte of an answer, and between two chunks of a body. */
  readonly idleTimeoutMs?: number | undefined;
}

/** Where a request stands in a chain of redirects. */
export interface HopInfo {
  /** 0 for the request itself. */
  readonly redirects: number;
  /** The URL that led here, `undefined` for the request itself. */
  readonly from: URL | undefined;
  /** The URL it all began with: that of the location. */
  readonly first: URL;
}
