import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError, StoreError } from "../errors/store-error.ts";
import { ifPresent, lstatIfPresent } from "../fs/absence.ts";
import { publish } from "../fs/publish.ts";
import type { Layout } from "../root/layout.ts";
import type { ChunkMap } from "../sidecars/chunk-map.ts";
import { writeChunkMap } from "../sidecars/chunk-sidecar.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { ensureVerified } from "./ensure-verified.ts";
import type { FoundBlob } from "./find-blob.ts";

/** How often a sweep may take the directory away between making it and linking into it. */
const ATTEMPTS_MAX = 100;

/**
 * INV-1: gives verified and synced bytes their final name. Where the name is taken the bytes there
 * are checked, unless we hashed them before; wrong ones go to quarantine and ours take the place.
 *
 * @param temporary a complete, synced file of mode 0444; its name is gone afterwards
 */
export async function publishBlob(
  layout: Layout,
  hashes: BlobHashes,
  temporary: string,
): Promise<FoundBlob> {
  const { digest, chunks } = hashes;
  const { fs, paths } = layout;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    await layout.makeDirectory(paths.blobDirectory(digest), { lasting: false });
    let named;
    try {
      named = await publish(fs, temporary, paths.blob(digest), { replace: false });
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      // A sweep removed the directory: while it was empty, or with the blob that nothing protects yet.
      if ((await ifPresent(fs.lstat(temporary))) === undefined) throw takenAway(digest);
      continue;
    }
    if (named) {
      await writeSidecar(layout, digest, chunks);
      const stat = await lstatIfPresent(fs, paths.blob(digest));
      if (stat !== undefined) return { path: paths.blob(digest), stat };
    }
    const found = await ensureVerified(layout, digest);
    if (found !== undefined) {
      if (!named) await fs.unlink(temporary);
      return found;
    }
    if (named) throw takenAway(digest);
  }
  throw takenAway(digest);
}

/**
 * Writes the chunk map of a blob that was just published. It is an aid: a full disk, a foreign
 * directory, a sweep or a directory of its name may deny it.
 */
export async function writeSidecar(layout: Layout, digest: Digest, map: ChunkMap): Promise<void> {
  try {
    await writeChunkMap(layout, digest, map);
  } catch (error) {
    if (isStoreError(error) && error.kind === "exhausted") return;
    if (!isErrno(error, "ENOSPC", "EDQUOT", "EACCES", "EPERM", "ENOENT", "EISDIR")) throw error;
  }
}

function takenAway(digest: string): StoreError {
  return new StoreError(`blob ${digest} was removed again and again while it was being published`, {
    kind: "conflict",
    code: "ERR_STORE_INGEST_LOST",
    hint: "Another program is deleting from this store; stop it, then run the command again.",
    detail: { digest },
  });
}
