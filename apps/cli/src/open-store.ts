import {
  type BlobStore,
  type Layout,
  type LeaseStore,
  openBlobStore,
  openLayout,
  openLeaseStore,
  overlay,
  resolveHome,
} from "@store/layout";
import { type ManifestStore, openManifestStore } from "@store/manifest";
import { openPackSet, type PackSet } from "@store/pack";

import type { CommandContext } from "./command-context.ts";

/** The parts of an opened store. Disposing it closes its packs. */
export interface Store extends AsyncDisposable {
  readonly layout: Layout;
  /** Loose and packed blobs as one. */
  readonly blobs: BlobStore;
  readonly packs: PackSet;
  readonly leases: LeaseStore;
  readonly manifests: ManifestStore;
}

/**
 * Attaches to the user's store. Creates nothing: an absent store is an empty one.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function openStore(context: CommandContext): Promise<Store> {
  return openStoreOf(await openLayout(resolveHome(context.host, context.home)));
}

/** Attaches to the parts of a store whose place is known. */
export async function openStoreOf(layout: Layout): Promise<Store> {
  const packs = await openPackSet(layout);
  const blobs = overlay({ writable: openBlobStore(layout), packs });
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  return {
    layout,
    blobs,
    packs,
    leases,
    manifests,
    [Symbol.asyncDispose]: () => packs[Symbol.asyncDispose](),
  };
}
