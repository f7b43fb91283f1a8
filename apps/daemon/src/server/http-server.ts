import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { getRequestListener, RequestError } from "@hono/node-server";

import { StoreError } from "@store/layout";

import type { App } from "../http/app.ts";
import { describeError, type Log } from "../log.ts";
import type { Connections } from "./connections.ts";
import type { ServerLimits } from "./limits.ts";

export interface HttpServerOptions {
  readonly app: App;
  readonly connections: Connections;
  readonly limits: ServerLimits;
  readonly log: Log;
}

/**
 * A Node server in front of an app, strict in what it takes: Node's parser in its strict mode,
 * whatever the process was started with, and limits on everything a client can hold on to.
 */
export function createHttpServer(options: HttpServerOptions): Server {
  const { app, connections, limits, log } = options;
  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      app.fetch(request, {
        port: incoming.socket.localPort ?? 0,
        cut: () => outgoing.destroy(),
      }),
    {
      // The adapter would put classes of its own in the place of the global ones.
      overrideGlobalObjects: false,
      errorHandler: (error) =>
        app.refuse(error instanceof RequestError ? requestInvalid(error) : error),
    },
  );

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const done = new Promise<void>((resolve) => {
      outgoing.once("close", resolve);
    });
    if (await connections.begin(incoming.socket, done)) await listener(incoming, outgoing);
  }

  const server = createServer(
    {
      insecureHTTPParser: false,
      requireHostHeader: true,
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMs,
      // No request has a body: it has arrived when its fields have.
      requestTimeout: limits.headersMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
    },
    (incoming, outgoing) => {
      serve(incoming, outgoing).catch((error: unknown) => {
        log({ event: "request-failed", error: describeError(error) });
        outgoing.destroy();
      });
    },
  );
  // Past a number of fields Node would drop the rest unseen, a second Host among them. Their bytes
  // are limited anyway.
  server.maxHeadersCount = 0;
  server.timeout = limits.stallMs;
  server.on("timeout", (socket: Socket) => {
    // Hashing a large blob may take us longer than any client is allowed to.
    if (!connections.isBusy(socket) || socket.writableLength > 0) socket.destroy();
  });
  server.on("connection", (socket: Socket) => connections.add(socket));
  server.on("error", (error) => log({ event: "server-failed", error: describeError(error) }));
  return server;
}

/** Node's parser took it, but it makes no URL: a target that is no path, a Host that is no host. */
function requestInvalid(cause: Error): StoreError {
  return new StoreError("the request target or Host cannot be understood", {
    kind: "invalid",
    code: "ERR_STORE_REQUEST_INVALID",
    cause,
  });
}
