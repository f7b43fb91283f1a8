import type { Digest } from "@store/layout";

import { createDigestTable } from "../digests/digest-table.ts";
import type { GcLease, GcPack, GcPin, OrphanRecords, Root } from "../ports.ts";
import type { GcSnapshot, ListedExpirable } from "./gc-snapshot.ts";
import { createSnapshotDraft } from "./snapshot-draft.ts";

export interface SnapshotBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Wall-clock milliseconds; long ago by default. */
  readonly addedAtMs?: number | undefined;
  readonly released?: boolean | undefined;
}

/** A store as values. What is left out is empty. */
export interface SnapshotInput {
  /** Wall-clock milliseconds. */
  readonly takenAtMs: number;
  readonly blobs?: Iterable<SnapshotBlob> | undefined;
  readonly roots?: Iterable<Root> | undefined;
  readonly leases?: Iterable<GcLease> | undefined;
  readonly pins?: Iterable<GcPin> | undefined;
  /** Since when sweeps have seen blobs unreferenced. */
  readonly orphanSince?: OrphanRecords | undefined;
  readonly trashed?: Iterable<Digest> | undefined;
  readonly packs?: readonly GcPack[] | undefined;
  readonly expirables?: readonly ListedExpirable[] | undefined;
}

/** A snapshot from values, in any order: for planning without a store. Pure. */
export function createSnapshot(input: SnapshotInput): GcSnapshot {
  const blobs = new Map<Digest, SnapshotBlob>();
  for (const blob of input.blobs ?? []) blobs.set(blob.digest, blob);
  const draft = createSnapshotDraft({
    takenAtMs: input.takenAtMs,
    blobs: createDigestTable(blobs.keys()),
    trashed: input.trashed ?? [],
  });
  for (const lease of input.leases ?? []) draft.addLease(lease);
  for (const pin of input.pins ?? []) draft.addPin(pin);
  for (const root of input.roots ?? []) draft.addRoot(root);
  const unneeded = draft.unneeded();
  for (const [index, digest] of unneeded.digests) {
    const blob = blobs.get(digest);
    if (blob === undefined) continue;
    const { size, addedAtMs = 0, released = false } = blob;
    unneeded.set(index, { size, addedAtMs, released });
  }
  for (const [digest, sinceMs] of input.orphanSince ?? []) unneeded.setSince(digest, sinceMs);
  return draft.finish({
    unneeded,
    appeared: () => false,
    packs: input.packs ?? [],
    expirables: input.expirables ?? [],
  });
}
