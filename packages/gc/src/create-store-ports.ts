import { type BlobReader, type Layout, type LeaseStore, openBlobStore } from "@store/layout";

import { createLeaseExpirables } from "./debris/lease-expirables.ts";
import { createMarkExpirables } from "./debris/mark-expirables.ts";
import { createQuarantineExpirables } from "./debris/quarantine-expirables.ts";
import { createRemainsExpirables } from "./debris/remains-expirables.ts";
import { createTemporaryExpirables } from "./debris/temporary-expirables.ts";
import { findForeignLock } from "./foreign-locks/find-foreign-lock.ts";
import { openOrphanRecord } from "./orphans/open-orphan-record.ts";
import { openPinStore } from "./pins/open-pin-store.ts";
import type { Expirables, GcPacks, GcPorts } from "./ports.ts";

/** An opened store, and what only the packages beside this one know of it. */
export interface SweptStore extends Pick<GcPorts, "roots"> {
  readonly layout: Layout;
  /** Everything there is, loose and packed. */
  readonly blobs: Pick<BlobReader, "list">;
  readonly leases: LeaseStore;
  readonly packed?: Pick<BlobReader, "stat"> | undefined;
  readonly packs?: GcPacks | undefined;
  /** Leftovers besides those of blobs, leases, quarantine and unfinished files. */
  readonly expirables?: readonly Expirables[] | undefined;
}

/** What a sweep of a store on this machine works on. */
export function createStorePorts(
  store: SweptStore,
  withSweepLock: GcPorts["withSweepLock"],
): GcPorts {
  const { layout, blobs, leases, packed, packs, expirables = [] } = store;
  const loose = openBlobStore(layout);
  return {
    blobs: {
      // What is listed and what a name needs may be anywhere; only a loose file goes by itself.
      ...loose,
      list: (options) => blobs.list(options),
      stat: async (digest, options) =>
        (await loose.stat(digest, options)) ?? packed?.stat(digest, options),
    },
    roots: (options) => store.roots(options),
    leases,
    pins: openPinStore(layout),
    foreignLock: () => findForeignLock(layout),
    withSweepLock,
    now: layout.now,
    orphans: openOrphanRecord(layout),
    packs,
    expirables: [
      ...expirables,
      createLeaseExpirables(leases, layout),
      createQuarantineExpirables(layout),
      createTemporaryExpirables(layout),
      createRemainsExpirables(layout),
      createMarkExpirables(layout),
    ],
  };
}
