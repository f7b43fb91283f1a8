import type { IncomingMessage } from "node:http";

import type { FakeHub, FakeHubOptions, FakeHubRequest } from "./fake-hub.ts";
import { startFakeServer } from "./fake-server.ts";
import { createFaultState } from "./fault-state.ts";
import { answerCdn, answerHub, type HubContext } from "./hub-routes.ts";
import { type PreparedRepository, prepareRepository } from "./prepared-repository.ts";

/**
 * Starts a small hub on the loopback interface, on ports the system chooses: what the hub's clients
 * ask for (model information, listings, `resolve` with ranges, redirects of large files to a second
 * origin), and faults on request. Files are streamed, never held.
 */
export async function createFakeHub(options: FakeHubOptions): Promise<FakeHub> {
  const repositories = new Map<string, PreparedRepository>();
  const requests: FakeHubRequest[] = [];
  const faults = createFaultState(options.faults);
  let bytesServed = 0;
  for (const [name, repository] of Object.entries(options.repositories)) {
    repositories.set(name, await prepareRepository(name, repository));
  }

  function record(
    server: "hub" | "cdn",
    { method = "", url = "", headers }: IncomingMessage,
  ): void {
    const flat = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    requests.push({
      server,
      method,
      url,
      headers: Object.fromEntries(flat) as Record<string, string>,
    });
  }
  const base = {
    repositories,
    faults,
    token: options.token,
    onBytes(count: number) {
      bytesServed += count;
    },
  };
  const cdn = await startFakeServer((request, response) => {
    record("cdn", request);
    return answerCdn(request, response, context);
  });
  const context: HubContext = { ...base, cdn: cdn.origin };
  const hub = await startFakeServer((request, response) => {
    record("hub", request);
    return answerHub(request, response, context);
  });

  async function close(): Promise<void> {
    await Promise.all([hub.close(), cdn.close()]);
  }
  return {
    endpoint: hub.origin,
    cdn: cdn.origin,
    requests,
    get bytesServed() {
      return bytesServed;
    },
    setFaults: (next) => faults.set(next),
    async setRepository(name, repository) {
      repositories.set(name, await prepareRepository(name, repository));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
