import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import { startFakeServer } from "../hub/fake-server.ts";
import { createFaultState } from "../hub/fault-state.ts";
import type { FakeRegistry, FakeRegistryOptions, FakeRegistryRequest } from "./fake-registry.ts";
import { answerRegistry, answerStorage, type RegistryContext } from "./registry-routes.ts";
import { createRegistryState } from "./registry-state.ts";

/**
 * Starts a small registry on the loopback interface, on ports the system chooses: manifests and
 * blobs of the OCI distribution protocol, its ways of authentication, redirects of blobs to a
 * second origin, and faults on request. Ollama's registry is the same with Docker's manifests.
 */
export async function createFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const requests: FakeRegistryRequest[] = [];
  const faults = createFaultState(options.faults);
  const state = createRegistryState();
  let bytesServed = 0;

  async function record(
    server: FakeRegistryRequest["server"],
    request: IncomingMessage,
  ): Promise<string> {
    const { method = "", url = "", headers } = request;
    const flat = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    const body = method === "POST" ? await text(request) : "";
    requests.push({
      server,
      method,
      url,
      headers: Object.fromEntries(flat) as Record<string, string>,
      body,
    });
    return body;
  }
  const base = {
    state,
    faults,
    options,
    onBytes(count: number) {
      bytesServed += count;
    },
  };
  const storage = await startFakeServer(async (request, response) => {
    await record("storage", request);
    return answerStorage(request, response, context);
  });
  const registry = await startFakeServer(async (request, response) => {
    const body = await record("registry", request);
    return answerRegistry(request, body, response, context);
  });
  const context: RegistryContext = { ...base, origin: registry.origin, storage: storage.origin };

  async function close(): Promise<void> {
    await Promise.all([registry.close(), storage.close()]);
  }
  return {
    host: new URL(registry.origin).host,
    origin: registry.origin,
    storage: storage.origin,
    requests,
    get bytesServed() {
      return bytesServed;
    },
    addModel: state.addModel,
    addManifest: state.addManifest,
    revokeTokens: state.revokeTokens,
    setFaults: (next) => faults.set(next),
    close,
    [Symbol.asyncDispose]: close,
  };
}
