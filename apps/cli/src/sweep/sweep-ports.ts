import {
  createMarkExpirables,
  createRemainsExpirables,
  createTemporaryExpirables,
  findForeignLock,
  type GcPorts,
  openOrphanRecord,
  openPinStore,
} from "@store/gc";
import { openBlobStore, openPartialDebris } from "@store/layout";
import { openPackDebris, openSweepablePacks } from "@store/pack";

import type { Store } from "../open-store.ts";
import { createLeaseExpirables } from "./lease-expirables.ts";
import { createQuarantineExpirables } from "./quarantine-expirables.ts";
import { createViewExpirables } from "./view-expirables.ts";

/** What a sweep works on in an opened store. */
export function createSweepPorts(store: Store, withSweepLock: GcPorts["withSweepLock"]): GcPorts {
  const { layout, manifests, leases } = store;
  const loose = openBlobStore(layout);
  return {
    blobs: {
      // What is listed and what a name needs may be anywhere; only a loose file goes by itself.
      ...loose,
      list: (options) => store.blobs.list(options),
      stat: async (digest, options) =>
        (await loose.stat(digest, options)) ?? store.packs.stat(digest, options),
    },
    roots: manifests.roots,
    leases,
    pins: openPinStore(layout),
    foreignLock: () => findForeignLock(layout),
    withSweepLock,
    now: layout.now,
    orphans: openOrphanRecord(layout),
    expirables: [
      openPartialDebris(layout),
      createLeaseExpirables(leases, layout),
      createQuarantineExpirables(layout),
      createViewExpirables(store),
      createTemporaryExpirables(layout),
      createRemainsExpirables(layout),
      createMarkExpirables(layout),
      openPackDebris(layout),
    ],
    packs: openSweepablePacks(layout, store.packs),
  };
}
