import { createHook } from "node:async_hooks";

/** What Node calls the handles and requests that reach the network, or ask for a name. */
const network =
  /^(?:TCP|UDP|PIPE|TLS|GETADDRINFO|GETNAMEINFO|DNSCHANNEL|QUERY|HTTP|QUIC)[A-Z0-9]*$/;

/**
 * Runs an action and answers which parts of the network it used, by whatever interface: Node makes
 * none of these without saying so.
 */
export async function watchNetwork(act: () => Promise<unknown>): Promise<readonly string[]> {
  const seen = new Set<string>();
  const hook = createHook({
    init(_id, type) {
      if (network.test(type)) seen.add(type);
    },
  }).enable();
  try {
    await act();
  } finally {
    hook.disable();
  }
  return [...seen].toSorted();
}
