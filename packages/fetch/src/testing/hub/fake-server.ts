import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server on the loopback interface, on a port the system chose. */
export interface FakeServer {
  readonly origin: string;
  close(): Promise<void>;
}

export type FakeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export async function startFakeServer(handler: FakeHandler): Promise<FakeServer> {
  const server = createServer((request, response) => {
    handler(request, response).catch(() => {
      // Whatever a test did to the connection; the client sees it cut.
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
