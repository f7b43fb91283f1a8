import type { LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";

import { StoreError } from "@store/layout";

import type { Timers } from "../http/timers.ts";
import { isPrivateAddress } from "./private-address.ts";

/** The addresses of a host name; throws, or answers none, where it has none. */
export type Resolver = (hostname: string) => Promise<readonly string[]>;

/** Where a connection may lead: anywhere, or not into a private network. */
export type Reach = "any" | "public";

/** Each range of a large file makes the same hop; looking names up for all of them would show. */
const LIFE_MS = 60_000;
const COUNT_MAX = 256;
/** More hosts than one chain of requests can visit, so that nobody pushes one of them out. */
const PUBLIC_COUNT_MAX = 4096;

/** The addresses of hosts: what is checked is what connections are made to. */
export interface AddressBook {
  /**
   * Whether a host lies in a private network: all its addresses do, and did whenever they were
   * looked up. A host that was once elsewhere stays elsewhere, whatever its name server says later.
   */
  isPrivate(hostname: string): Promise<boolean>;
  /** Whether any address of a host is private. */
  touchesPrivate(hostname: string): Promise<boolean>;
  /** For connections: fails for a host that touches a private network where that is out of reach. */
  lookup(reach: Reach): LookupFunction;
}

export function createAddressBook(
  resolver: Resolver,
  timers: Pick<Timers, "elapsedMs">,
): AddressBook {
  const known = new Map<string, { readonly found: Promise<readonly string[]>; sinceMs: number }>();
  const publicHosts = new Set<string>();

  function find(hostname: string): Promise<readonly string[]> {
    const nowMs = timers.elapsedMs();
    const entry = known.get(hostname);
    if (entry !== undefined && nowMs - entry.sinceMs < LIFE_MS) return entry.found;
    known.delete(hostname);
    dropOldest(known, COUNT_MAX);
    const found = resolver(hostname).then((addresses) => {
      // A failure is not worth remembering.
      if (addresses.length === 0) known.delete(hostname);
      if (addresses.some((address) => !isPrivateAddress(address))) notePublic(hostname);
      return addresses;
    });
    known.set(hostname, { found, sinceMs: nowMs });
    found.catch(() => known.delete(hostname));
    return found;
  }

  function notePublic(hostname: string): void {
    publicHosts.delete(hostname);
    dropOldest(publicHosts, PUBLIC_COUNT_MAX);
    publicHosts.add(hostname);
  }

  async function addressesOf(hostname: string): Promise<readonly string[]> {
    const bare = bareHost(hostname);
    if (/(?:^|\.)localhost$/i.test(bare)) return ["127.0.0.1"];
    return isIP(bare) === 0 ? find(bare) : [bare];
  }

  async function lookUp(
    hostname: string,
    reach: Reach,
    options: Parameters<LookupFunction>[1],
    callback: Parameters<LookupFunction>[2],
  ): Promise<void> {
    let addresses: readonly string[];
    try {
      addresses = await find(bareHost(hostname));
    } catch (error) {
      return callback(error as Error, "");
    }
    return reach === "public" && addresses.some(isPrivateAddress)
      ? callback(privateAddress(hostname), "")
      : answer(hostname, addresses, options, callback);
  }

  return {
    async isPrivate(hostname) {
      const addresses = await addressesOf(hostname);
      const bare = bareHost(hostname);
      if (publicHosts.has(bare)) {
        notePublic(bare);
        return false;
      }
      return addresses.length > 0 && addresses.every(isPrivateAddress);
    },
    touchesPrivate: async (hostname) => (await addressesOf(hostname)).some(isPrivateAddress),
    lookup: (reach) => (hostname, options, callback) => {
      void lookUp(hostname, reach, options, callback);
    },
  };
}

/** Hands addresses over as `dns.lookup` does. */
function answer(
  hostname: string,
  addresses: readonly string[],
  { all, family }: { readonly all?: boolean | undefined; readonly family?: unknown },
  callback: Parameters<LookupFunction>[2],
): void {
  const found: LookupAddress[] = addresses
    .map((address) => ({ address, family: isIP(address) }))
    .filter((one) => one.family === family || (family !== 4 && family !== 6));
  const [first] = found;
  if (first === undefined) {
    const error = new Error(`no address of ${hostname} is known`);
    callback(Object.assign(error, { code: "ENOTFOUND", hostname }), "");
  } else if (all === true) {
    callback(null, found);
  } else {
    callback(null, first.address, first.family);
  }
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

function dropOldest(
  entries: {
    readonly size: number;
    keys(): Iterable<string>;
    delete(key: string): boolean;
  },
  countMax: number,
): void {
  const [oldest] = entries.keys();
  if (entries.size >= countMax && oldest !== undefined) entries.delete(oldest);
}

/** @param from the host whose redirect leads there, where it is known */
export function privateAddress(target: string, from?: string): StoreError {
  const what =
    from === undefined ? `${target} has an address` : `${from} redirects to ${target}, which is`;
  return new StoreError(`${what} in a private network`, {
    kind: "denied",
    code: "ERR_STORE_POLICY_REFUSED",
    hint: "Name the address yourself, if it is the right one.",
    detail: { rule: "private-address", target, ...(from === undefined ? {} : { host: from }) },
  });
}
