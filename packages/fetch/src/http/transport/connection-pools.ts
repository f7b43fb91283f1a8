import { Agent, type AgentOptions } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";

import type { AddressBook, Reach } from "../../policy/address-book.ts";
import { openTunnel, type TunnelTarget } from "../proxy/open-tunnel.ts";
import { ATTEMPT_TIMEOUT_MS } from "./attempt-timeout.ts";
import type { Trust } from "./trust.ts";

/** Shorter than what servers grant, so that few requests meet a closed connection. */
const REST_MS = 4_000;
const RESTING_MAX = 16;

export interface ConnectionPoolsOptions {
  readonly addresses: AddressBook;
  readonly trust: Trust;
  readonly idleTimeoutMs: number;
}

/** Connections of Node's client, kept apart by where they may lead. */
export interface ConnectionPools {
  /** The connections for a URL: one that reached a private address never serves a request that must not. */
  find(url: URL, reach: Reach, proxy: URL | undefined): Agent;
}

export function createConnectionPools({
  addresses,
  trust,
  idleTimeoutMs,
}: ConnectionPoolsOptions): ConnectionPools {
  const pools = new Map<string, Agent>();

  function open({ protocol }: URL, reach: Reach, proxy: URL | undefined): Agent {
    const options: AgentOptions = {
      keepAlive: true,
      maxFreeSockets: RESTING_MAX,
      timeout: REST_MS,
    };
    // A proxy is named by the user, and it is the proxy that looks other names up.
    const lookup = addresses.lookup(proxy === undefined ? reach : "any");
    const direct = { ...options, lookup, autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS };
    const isSecure = (proxy === undefined ? protocol : proxy.protocol) === "https:";
    if (proxy !== undefined && protocol === "https:") return openTunnelling(proxy, options);
    if (!isSecure) return new Agent(direct);
    return new SecureAgent({ ...direct, ...trust.tlsOptions() });
  }

  function openTunnelling(proxy: URL, options: AgentOptions): Agent {
    const agent = new SecureAgent(options);
    const tls = trust.tlsOptions();
    agent.createConnection = ({ host, port }, callback) => {
      const target = { host: host ?? "", port: Number(port ?? 443) };
      void connectThrough(target, (error, socket) => callback?.(error, socket as Duplex));
      return undefined;
    };

    async function connectThrough(
      target: TunnelTarget,
      done: (error: Error | null, socket?: Duplex) => void,
    ): Promise<void> {
      let socket: Duplex;
      try {
        socket = await openTunnel(proxy, target, { addresses, trust, timeoutMs: idleTimeoutMs });
      } catch (error) {
        return done(error as Error);
      }
      const servername = isIP(target.host) === 0 ? target.host : "";
      return done(null, connectTls({ ...tls, socket, servername, host: target.host }));
    }
    return agent;
  }

  return {
    find(url, reach, proxy) {
      const key = `${url.protocol} ${proxy === undefined ? reach : proxy.href}`;
      const known = pools.get(key);
      if (known !== undefined) return known;
      const agent = open(url, reach, proxy);
      pools.set(key, agent);
      return agent;
    },
  };
}
