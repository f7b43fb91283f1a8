import { createStorePorts, createViewExpirables, type GcPorts } from "@store/gc";
import { openPartialDebris } from "@store/layout";
import { openPackDebris, openSweepablePacks } from "@store/pack";

import type { Store } from "../open-store.ts";

/** What a sweep works on in an opened store. */
export function createSweepPorts(store: Store, withSweepLock: GcPorts["withSweepLock"]): GcPorts {
  const { layout, blobs, packs, leases, manifests } = store;
  return createStorePorts(
    {
      layout,
      blobs,
      leases,
      roots: manifests.roots,
      packed: packs,
      packs: openSweepablePacks(layout, packs),
      expirables: [
        openPartialDebris(layout),
        createViewExpirables(layout, manifests),
        openPackDebris(layout),
      ],
    },
    withSweepLock,
  );
}
