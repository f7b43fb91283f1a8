import {
  type AbortOptions,
  type Descriptor,
  type Digest,
  isStoreError,
  type Lease,
  withNameLock,
} from "@store/layout";

import type { Document } from "../document/document.ts";
import { manifestInvalid } from "../document/manifest-error.ts";
import { describedBlobs } from "../document/referenced-digests.ts";
import type { EncodedDocument } from "../linked/encode-model-pack.ts";
import { foldName, formatName } from "../name/format-name.ts";
import type { Name } from "../name/name.ts";
import { gatherBlobs } from "./gather-blobs.ts";
import type { LinkOptions } from "./manifest-store.ts";
import { putName } from "./put-name.ts";
import { describeManifest, ownBlob } from "./read-manifest.ts";
import type { StoreContext } from "./store-context.ts";
import { blobMissing } from "./store-errors.ts";

/** A manifest on its way to a name. */
export interface Publication {
  readonly name: Name;
  readonly document: Document;
  readonly bytes: Uint8Array;
  /** Blobs that come with the manifest: the config of an artifact we wrote. */
  readonly companions?: readonly EncodedDocument[] | undefined;
}

/**
 * The publishing half of the argument why a sweep can never take what a name needs (INV-3, INV-4):
 *
 * - P1 lease the digests, so that a sweep spares them;
 * - P2 look for each blob: present, hashed, of the right size;
 * - P3 publish the name;
 * - P4 look at every blob again. A sweep that did not see the name had moved its blob before P3,
 *   so this look finds it missing, and the name goes back to what it was.
 *
 * Only the order of P3 and P4 counts for safety. The lease and the name lock save work.
 */
export async function publishManifest(
  context: StoreContext,
  publication: Publication,
  options: LinkOptions,
): Promise<Descriptor> {
  const { layout, leases } = context;
  if (layout.readOnly !== undefined) throw layout.readOnly;
  options.signal?.throwIfAborted();
  const { name, document, bytes } = publication;
  const descriptor = describeManifest(document, bytes);
  const own = ownBlob(document, descriptor);
  const direct = describedBlobs(document).map(({ digest }) => digest);
  const lease = await leases.acquire([...own, ...direct], {
    reason: `publish ${formatName(name)}`,
  }); // P1
  try {
    await storeBlobs(context, publication, own);
    const needed = await firstLook(context, publication, lease, options); // P2
    await withNameLock(
      layout,
      foldName(name),
      () => putName(context, { name, bytes, descriptor, own, needed, lease }, options),
      { signal: options.signal },
    );
    await context.blobs.retain([...own, ...needed]);
    return descriptor;
  } finally {
    await endLease(lease);
  }
}

async function storeBlobs(
  { blobs }: StoreContext,
  { bytes, companions = [] }: Publication,
  own: readonly Digest[],
): Promise<void> {
  for (const companion of companions) await blobs.put(companion.descriptor, companion.bytes);
  for (const digest of own) await blobs.put({ digest, size: bytes.length }, bytes);
}

/** P2. @returns every digest below the manifest itself, each once */
async function firstLook(
  { blobs }: StoreContext,
  { name, document }: Publication,
  lease: Lease,
  options: AbortOptions,
): Promise<readonly Digest[]> {
  const { needed, absent } = await gatherBlobs(document, blobs, options);
  // An index of which the store holds nothing would be a name that leads nowhere.
  const [lacking] = absent;
  if (needed.length === 0 && lacking !== undefined) throw blobMissing(name, lacking.digest);
  const sizes = new Map(needed.map(({ digest, size }) => [digest, size]));
  if (document.kind === "index") await lease.add(sizes.keys());
  for (const [digest, size] of sizes) {
    const info = await blobs.ensureVerified(digest, options);
    if (info === undefined) throw blobMissing(name, digest);
    if (info.size !== size)
      throw manifestInvalid([`${digest} has ${info.size} bytes, not ${size}`]);
  }
  return [...sizes.keys()];
}

/** A lease that cannot be ended runs out by itself, which is no reason to call a publish a failure. */
async function endLease(lease: Lease): Promise<void> {
  try {
    await lease[Symbol.asyncDispose]();
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
}
