import type { BlobStore, Layout, LeaseStore } from "@store/layout";

import type { NameFinder } from "./name-finder.ts";

/** What the parts of a manifest store share. */
export interface StoreContext {
  readonly layout: Layout;
  readonly blobs: BlobStore;
  readonly leases: LeaseStore;
  readonly finder: NameFinder;
  readonly producedBy: string;
}
