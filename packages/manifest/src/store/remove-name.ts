import { type Digest, isStoreError, withNameLock } from "@store/layout";

import { foldName } from "../name/format-name.ts";
import type { Name } from "../name/name.ts";
import { gatherBlobs } from "./gather-blobs.ts";
import { listRoots } from "./list-roots.ts";
import type { Removed, UnlinkOptions } from "./manifest-store.ts";
import { readState, removeNameFile } from "./name-file.ts";
import { ownBlob, readManifest } from "./read-manifest.ts";
import type { StoreContext } from "./store-context.ts";
import { manifestChanged } from "./store-errors.ts";

/** Removes a name in whatever spelling it has on disk. What it holds is read only for `ifMatch`. */
export async function unlinkName(
  { layout, finder }: StoreContext,
  name: Name,
  options: UnlinkOptions,
): Promise<boolean> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  options.signal?.throwIfAborted();
  const { ifMatch, signal } = options;
  // Absence needs no lock, and a question about it leaves nothing behind.
  if ((await finder.find(name)) === undefined) return false;
  return withNameLock(
    layout,
    foldName(name),
    async () => {
      const entry = await finder.find(name);
      if (entry === undefined) return false;
      if (ifMatch !== undefined) {
        const { digest } = await readState(layout, entry.path);
        if (digest !== ifMatch) throw manifestChanged(name, ifMatch, digest);
      }
      return removeNameFile(layout, entry.path);
    },
    { signal },
  );
}

/**
 * Removes a name and marks what no other name needs. A mark only spares a blob's waiting time: the
 * sweep looks at every name itself, so a name that appears meanwhile keeps its blobs.
 */
export async function removeName(
  context: StoreContext,
  name: Name,
  options: UnlinkOptions,
): Promise<Removed> {
  const held = await digestsOf(context, name);
  const removed = await unlinkName(context, name, options);
  if (!removed || held.size === 0) return { removed, released: [] };
  const released = await withoutNeeded(context, held);
  await context.blobs.release(released);
  return { removed, released };
}

/** Everything a name holds, nothing if it cannot be read: then its blobs wait like any orphan. */
async function digestsOf(context: StoreContext, name: Name): Promise<Set<Digest>> {
  const { layout, finder, blobs } = context;
  const digests = new Set<Digest>();
  const entry = await finder.find(name);
  if (entry === undefined) return digests;
  try {
    const stored = await readManifest(layout.fs, entry.name, entry.path);
    if (stored === undefined) return digests;
    const { needed } = await gatherBlobs(stored.document, blobs);
    for (const digest of ownBlob(stored.document, stored.descriptor)) digests.add(digest);
    for (const { digest } of needed) digests.add(digest);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    digests.clear();
  }
  return digests;
}

async function withoutNeeded(
  { layout, blobs }: StoreContext,
  held: Set<Digest>,
): Promise<readonly Digest[]> {
  try {
    for await (const root of listRoots(layout, blobs)) {
      for (const digest of root.digests) held.delete(digest);
    }
  } catch (error) {
    // With an unreadable name among the others nobody can say what is free.
    if (!isStoreError(error, "ERR_STORE_ROOT_UNREADABLE")) throw error;
    return [];
  }
  return [...held].toSorted();
}

function isUnreadable(error: unknown): boolean {
  return isStoreError(error) && (error.kind === "corrupt" || error.kind === "unsupported");
}
