import { type AbortOptions, type Digest, isErrno, isStoreError } from "@store/layout";

import { createDigestTableBuilder, type DigestTable } from "../digests/digest-table.ts";
import { forEachConcurrent } from "../for-each-concurrent.ts";
import type { GcBlobs, GcPack, GcPorts, ListExpirablesOptions } from "../ports.ts";
import type { GcSnapshot, ListedExpirable } from "./gc-snapshot.ts";
import { readPins, readRoots } from "./read-roots.ts";
import { createSnapshotDraft } from "./snapshot-draft.ts";
import type { BlobFinding } from "./unneeded-table.ts";

/** Questions in flight at once: enough to hide a disk's latency, few enough for its queue. */
const STATS_IN_FLIGHT = 16;

/** What a snapshot reads: nothing that writes. */
export type SnapshotPorts = Pick<
  GcPorts,
  "roots" | "leases" | "now" | "pins" | "orphans" | "packs" | "expirables"
> & { readonly blobs: Pick<GcBlobs, "list" | "stat" | "listTrash"> };

/**
 * Looks at a store: blobs first, then leases, then names. In that order a blob that is listed and
 * gets its name meanwhile is seen as leased, or as named; the other way round it could be seen as
 * neither. It only saves work: whatever the plan says, applying it looks again.
 *
 * Changes nothing, so it asks about single blobs only where nothing needs them, and never about one
 * in the trash, which a reader would restore.
 *
 * @throws StoreError `ERR_STORE_ROOT_UNREADABLE` (INV-5)
 */
export async function takeSnapshot(
  ports: SnapshotPorts,
  options: AbortOptions = {},
): Promise<GcSnapshot> {
  const takenAtMs = Math.floor(ports.now());
  const blobs = await listBlobs(ports.blobs, options);
  const trashed = await listTrash(ports.blobs, options);
  const packs = await listPacks(ports, options);
  const draft = createSnapshotDraft({ takenAtMs, blobs, trashed });
  for await (const lease of ports.leases.list(options)) draft.addLease(lease);
  for await (const pin of readPins(ports, options)) draft.addPin(pin);
  for await (const root of readRoots(ports, options)) draft.addRoot(root);

  const appeared = new Set<Digest>();
  await statAll(ports.blobs, draft.missing(), options, (_, digest, finding) => {
    if (finding !== "absent") appeared.add(digest);
  });
  const unneeded = draft.unneeded();
  const absent: Digest[] = [];
  await statAll(ports.blobs, unneeded.digests, options, (index, digest, finding) => {
    unneeded.set(index, finding);
    if (finding === "absent") absent.push(digest);
  });
  for (const [digest, sinceMs] of (await ports.orphans?.read()) ?? []) {
    unneeded.setSince(digest, sinceMs);
  }
  const expirables = await listExpirables(ports, { ...options, absent });
  return draft.finish({ unneeded, appeared: (digest) => appeared.has(digest), packs, expirables });
}

async function listBlobs(
  blobs: Pick<GcBlobs, "list">,
  options: AbortOptions,
): Promise<DigestTable> {
  const builder = createDigestTableBuilder();
  for await (const digest of blobs.list(options)) {
    options.signal?.throwIfAborted();
    builder.add(digest);
  }
  return builder.build();
}

async function listTrash(
  blobs: Pick<GcBlobs, "listTrash">,
  options: AbortOptions,
): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for await (const trashed of blobs.listTrash(options)) {
    options.signal?.throwIfAborted();
    digests.push(trashed.digest);
  }
  return digests;
}

async function listPacks(
  ports: Pick<GcPorts, "packs">,
  options: AbortOptions,
): Promise<readonly GcPack[]> {
  const packs: GcPack[] = [];
  if (ports.packs !== undefined) {
    for await (const pack of ports.packs.list(options)) packs.push(pack);
  }
  return packs;
}

async function listExpirables(
  ports: Pick<GcPorts, "expirables">,
  options: ListExpirablesOptions,
): Promise<readonly ListedExpirable[]> {
  const found: ListedExpirable[] = [];
  for (const provider of ports.expirables ?? []) {
    for await (const { id, ageMs, bytes } of provider.list(options)) {
      options.signal?.throwIfAborted();
      found.push({ kind: provider.kind, id, ageMs, bytes });
    }
  }
  return found;
}

/** Asks about blobs, each with a number of the caller's. */
async function statAll(
  blobs: Pick<GcBlobs, "stat">,
  digests: Iterable<readonly [number, Digest]>,
  options: AbortOptions,
  found: (index: number, digest: Digest, finding: BlobFinding) => void,
): Promise<void> {
  await forEachConcurrent(digests, STATS_IN_FLIGHT, async ([index, digest]) => {
    options.signal?.throwIfAborted();
    let finding: BlobFinding;
    try {
      finding = (await blobs.stat(digest, options)) ?? "absent";
    } catch (error) {
      // One damaged or forbidden blob must not keep a sweep from all the others.
      if (!concernsOneBlob(error)) throw error;
      finding = "unreadable";
    }
    found(index, digest, finding);
  });
}

function concernsOneBlob(error: unknown): boolean {
  return isStoreError(error)
    ? error.kind === "corrupt" || error.kind === "denied"
    : isErrno(error, "EACCES", "EPERM");
}
