import type { Digest } from "@store/layout";

import type { DigestTable } from "../digests/digest-table.ts";
import type { DanglingReference } from "../plan/gc-plan.ts";
import type { Expirable, GcLease, GcPack, GcPin } from "../ports.ts";
import type { ReferenceTable } from "./reference-table.ts";

/** A blob that no name, live lease or pin needs. Only these were looked at one by one. */
export interface UnneededBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Wall-clock milliseconds. */
  readonly addedAtMs: number;
  readonly released: boolean;
  /** Whether it could be looked at. What could not stays. */
  readonly readable: boolean;
  /** Since when sweeps have seen it unreferenced, as recorded; `undefined` without a record. */
  readonly sinceMs: number | undefined;
}

export interface UnneededBlobs extends Iterable<UnneededBlob> {
  readonly size: number;
  find(digest: Digest): UnneededBlob | undefined;
}

export interface ListedExpirable extends Expirable {
  readonly kind: string;
}

/**
 * A store as a sweep saw it: data only, compact enough for a million blobs. Made by `takeSnapshot`
 * from ports and by `createSnapshot` from values.
 */
export interface GcSnapshot {
  /** When it was begun: wall-clock milliseconds. */
  readonly takenAtMs: number;
  /** Everything listed, without what lies in the trash. */
  readonly blobs: DigestTable;
  readonly references: ReferenceTable;
  /** Those that were live. */
  readonly leases: readonly GcLease[];
  /** Those that hold. */
  readonly pins: readonly GcPin[];
  /** Blobs by what keeps them, each counted under the first that does. */
  readonly needed: {
    readonly referenced: number;
    readonly leased: number;
    readonly pinned: number;
  };
  readonly unneeded: UnneededBlobs;
  readonly dangling: readonly DanglingReference[];
  readonly trashed: readonly Digest[];
  readonly packs: readonly GcPack[];
  readonly expirables: readonly ListedExpirable[];
}
