import type { AbortOptions, Digest } from "@store/layout";

import type { GcPorts } from "../ports.ts";
import { readPins, readRoots } from "../snapshot/read-roots.ts";

export interface SecondLook {
  readonly needed: ReadonlySet<Digest>;
  /** Number of names there are, whatever they need. */
  readonly rootsCount: number;
}

/**
 * D2, the second look: which of some digests a lease, a pin or a name needs now. Leases are read
 * before names: a holder that publishes its name and lets go, or dies, in between is seen by its
 * name. INV-4 rests on the caller having moved the blobs aside before this begins.
 *
 * @throws StoreError `ERR_STORE_ROOT_UNREADABLE` (INV-5)
 */
export async function lookAgain(
  ports: Pick<GcPorts, "leases" | "pins" | "roots">,
  digests: Iterable<Digest>,
  options: AbortOptions = {},
): Promise<SecondLook> {
  const asked = new Set(digests);
  const needed = new Set<Digest>();
  const note = (found: Iterable<Digest>): void => {
    for (const digest of found) if (asked.has(digest)) needed.add(digest);
  };
  let rootsCount = 0;
  if (asked.size === 0) return { needed, rootsCount };
  for await (const lease of ports.leases.list(options)) if (lease.live) note(lease.digests);
  for await (const pin of readPins(ports, options)) if (pin.live) note(pin.digests);
  for await (const root of readRoots(ports, options)) {
    note(root.digests);
    rootsCount += 1;
  }
  return { needed, rootsCount };
}
