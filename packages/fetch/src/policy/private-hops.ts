import { isIP } from "node:net";

import { StoreError } from "@store/layout";

import { isPrivateAddress } from "./private-address.ts";

/** The addresses of a host name; throws, or answers none, where it has none. */
export type Resolver = (hostname: string) => Promise<readonly string[]>;

/**
 * Refuses a redirect into a private network: a server on the internet could make us ask a router, a
 * cloud's metadata service or a neighbour's machine. A location that names a private address itself
 * has asked for that network, and its redirects may stay there.
 *
 * A name is looked up once more by the connection, which a hostile name server can answer otherwise:
 * nothing but public GET requests without credentials can be made that way.
 *
 * @param first the URL of the location itself
 * @throws StoreError `ERR_STORE_POLICY_REFUSED`
 */
export async function checkHop(url: URL, first: URL, resolver: Resolver): Promise<void> {
  if (url.host === first.host) return;
  if (!(await isPrivate(url.hostname, resolver))) return;
  if (await isPrivate(first.hostname, resolver)) return;
  throw new StoreError(`${first.host} redirects to ${url.host}, which is in a private network`, {
    kind: "denied",
    code: "ERR_STORE_POLICY_REFUSED",
    hint: "Name the address yourself, if it is the right one.",
    detail: { rule: "private-address", host: first.host, target: url.host },
  });
}

async function isPrivate(hostname: string, resolver: Resolver): Promise<boolean> {
  const bare = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (/(?:^|\.)localhost$/i.test(bare)) return true;
  if (isIP(bare) !== 0) return isPrivateAddress(bare);
  return (await resolver(bare)).some(isPrivateAddress);
}
