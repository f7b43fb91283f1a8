import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { errnoOf, isErrno, isStoreError, StoreError } from "@store/layout";

/** The only addresses ever bound: nothing outside this machine can reach them. */
const IPV4 = "127.0.0.1";
const IPV6 = "::1";

/** How often another free port is tried when the one IPv4 got is taken on IPv6. */
const FREE_PORT_ATTEMPTS = 5;

/** The listeners of one port, and where clients find them. */
export interface LoopbackServers {
  readonly port: number;
  readonly servers: readonly Server[];
  /** Base URLs, IPv4 first. */
  readonly urls: readonly string[];
}

/**
 * Listens on 127.0.0.1 and, where the machine has it, on ::1: `localhost` may mean either. Both or
 * neither are ours, so that no other program answers in our name.
 *
 * @param port 0 for a free one
 * @throws StoreError `ERR_STORE_ADDRESS_IN_USE`, `ERR_STORE_ADDRESS_REFUSED`
 */
export async function listenLoopback(
  createServer: () => Server,
  port: number,
): Promise<LoopbackServers> {
  for (let attempt = 1; ; attempt += 1) {
    const first = createServer();
    await listen(first, IPV4, port);
    const bound = (first.address() as AddressInfo).port;
    try {
      const second = await listenIfAvailable(createServer(), bound);
      const servers = second === undefined ? [first] : [first, second];
      return { port: bound, servers, urls: servers.map(urlOf) };
    } catch (error) {
      first.close();
      const again = port === 0 && attempt < FREE_PORT_ATTEMPTS;
      if (!again || !isStoreError(error, "ERR_STORE_ADDRESS_IN_USE")) throw error;
    }
  }
}

/** `undefined` on a machine without IPv6. */
async function listenIfAvailable(server: Server, port: number): Promise<Server | undefined> {
  try {
    await listen(server, IPV6, port);
    return server;
  } catch (error) {
    if (isErrno(error, "EADDRNOTAVAIL", "EAFNOSUPPORT")) return undefined;
    throw error;
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    const listening = once(server, "listening");
    server.listen({ host, port, exclusive: true });
    await listening;
  } catch (error) {
    throw explain(error, host, port);
  }
}

function explain(error: unknown, host: string, port: number): unknown {
  const errno = errnoOf(error);
  const detail = { host, port, errno };
  if (errno === "EADDRINUSE") {
    return new StoreError(`port ${port} of ${host} is in use`, {
      kind: "busy",
      code: "ERR_STORE_ADDRESS_IN_USE",
      hint: "Another daemon may be running already. Stop it, or choose another port with --port.",
      detail,
      cause: error,
    });
  }
  if (errno === "EACCES" || errno === "EPERM") {
    return new StoreError(`port ${port} of ${host} may not be used by this user`, {
      kind: "denied",
      code: "ERR_STORE_ADDRESS_REFUSED",
      hint: "Choose a port above 1023 with --port.",
      detail,
      cause: error,
    });
  }
  return error;
}

function urlOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
