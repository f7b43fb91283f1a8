import { createApp, type AppOptions } from "./http/app.ts";
import { createConnections } from "./server/connections.ts";
import { createHttpServer } from "./server/http-server.ts";
import { SERVER_LIMITS, type ServerLimits } from "./server/limits.ts";
import { listenLoopback } from "./server/listen-loopback.ts";

export interface DaemonOptions extends AppOptions {
  /** 0 for a free one. */
  readonly port: number;
  readonly limits?: Partial<ServerLimits>;
}

/** A daemon that listens. */
export interface Daemon {
  readonly port: number;
  /** Base URLs, the IPv4 one first. */
  readonly urls: readonly string[];
  /**
   * Takes no more connections, lets answers under way finish, and cuts those that have not after
   * `graceMs`. Settles when every connection is closed.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/**
 * Serves a store on the loopback addresses.
 *
 * @throws StoreError `ERR_STORE_ADDRESS_IN_USE`, `ERR_STORE_ADDRESS_REFUSED`
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const app = createApp(options);
  const connections = createConnections(limits);
  const { log } = options;
  const { port, servers, urls } = await listenLoopback(
    () => createHttpServer({ app, connections, limits, log }),
    options.port,
  );
  return {
    port,
    urls,
    async close({ graceMs }) {
      const closed = servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
          }),
      );
      connections.drain();
      const timer = setTimeout(() => connections.cut(), graceMs);
      await Promise.all(closed);
      clearTimeout(timer);
    },
  };
}
