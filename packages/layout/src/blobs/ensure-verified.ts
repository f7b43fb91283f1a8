import { basename, join } from "node:path";

import type { AbortOptions } from "../abort-options.ts";
import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import { linkOrRename } from "../fs/publish.ts";
import { createId } from "../fs/temporary-name.ts";
import { quarantineFile, type QuarantineReason } from "../quarantine/quarantine.ts";
import type { Layout } from "../root/layout.ts";
import { SUSPECT_PREFIX, TRASH_PREFIX } from "../root/paths.ts";
import { isHashed, removeChunkMap, writeChunkMap } from "../sidecars/chunk-sidecar.ts";
import { markTrash, unmarkTrash } from "../trash/trash-marks.ts";
import { findBlob, type FoundBlob } from "./find-blob.ts";
import { mustBeInside } from "./inside-store.ts";
import { hashFile } from "../hashing/hash-file.ts";

/**
 * The blob, once its bytes are known to be right. Those of a foreign writer, who may not sync, are
 * hashed before they are first trusted; wrong ones go to quarantine and leave the blob absent.
 */
export async function ensureVerified(
  layout: Layout,
  digest: Digest,
  options: AbortOptions = {},
): Promise<FoundBlob | undefined> {
  // Another repair may hold the same file under a trash name: to restore it would never end.
  const wrong = new Set<number>();
  for (;;) {
    options.signal?.throwIfAborted();
    let found;
    try {
      found = await findBlob(layout.prompt, digest, wrong);
    } catch (error) {
      if (!isStoreError(error, "ERR_STORE_BLOB_SIZE_MISMATCH") || layout.readOnly !== undefined)
        throw error;
      await mustBeInside(layout, digest);
      await removeWrong(layout, digest, undefined, { reason: "empty", expected: digest });
      continue;
    }
    if (found === undefined) return undefined;
    if (await isHashed(layout.prompt, digest, found.stat)) return found;
    if (layout.readOnly === undefined) await mustBeInside(layout, digest);
    const verdict = await hashFound(layout, digest, found, options);
    if (verdict === "right") return found;
    if (verdict === "wrong") wrong.add(found.stat.inode);
    // The file went while it was looked at: look again.
  }
}

async function hashFound(
  layout: Layout,
  digest: Digest,
  found: FoundBlob,
  options: AbortOptions,
): Promise<"right" | "wrong" | "gone"> {
  let file;
  try {
    file = await layout.fs.open(found.path, "read");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "gone";
    throw error;
  }
  try {
    const hashes = await hashFile(file, options);
    if (hashes.digest === digest) {
      // The writer may not have synced what we are about to vouch for.
      if (layout.readOnly === undefined) {
        await file.sync();
        const directory = layout.paths.blobDirectory(digest);
        const synced = await ifPresent(layout.fs.syncDirectory(directory).then(() => true));
        if (synced === undefined) return "gone";
        await writeChunkMap(layout, digest, hashes.chunks).catch(ignoreUnwritable);
      }
      return "right";
    }
    const { inode } = await file.stat();
    await removeWrong(layout, digest, inode, {
      reason: "digest-mismatch",
      expected: digest,
      actual: hashes.digest,
    });
    return "wrong";
  } finally {
    await file.close();
  }
}

/**
 * A store shared by several users may hold directories we cannot write to, and a directory may have
 * the sidecar's name; that is no failure.
 */
function ignoreUnwritable(error: unknown): void {
  const known = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOENT", "EISDIR"];
  if (!isErrno(error, ...known)) throw error;
}

/**
 * Moves a wrong file from its final path to quarantine. Another writer may have replaced it by a
 * good one meanwhile, so the file moved is compared with the file judged, and a different one goes
 * straight back. Until then it has a trash name, which every reader that misses `data` looks for.
 */
async function removeWrong(
  layout: Layout,
  digest: Digest,
  inode: number | undefined,
  why: QuarantineReason,
): Promise<void> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const { fs, paths } = layout;
  const suspect = join(paths.blobDirectory(digest), `${SUSPECT_PREFIX}${createId()}`);
  const mark = basename(suspect).slice(TRASH_PREFIX.length);
  await markTrash(layout, digest, mark);
  try {
    await fs.rename(paths.blob(digest), suspect);
  } catch (error) {
    await unmarkTrash(layout, digest, mark);
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  try {
    const moved = await ifPresent(fs.lstat(suspect));
    const judged = inode === undefined ? moved?.size === 0 : moved?.inode === inode;
    if (moved !== undefined && judged) {
      // Before the bytes go: what vouches for a blob must never be found beside other bytes.
      await removeChunkMap(layout, digest);
      await ifPresent(quarantineFile(layout, suspect, why));
      await unmarkTrash(layout, digest, mark);
      return;
    }
  } catch (error) {
    await giveBack(layout, digest, suspect, mark).catch(() => {});
    throw error;
  }
  await giveBack(layout, digest, suspect, mark);
}

async function giveBack(
  layout: Layout,
  digest: Digest,
  suspect: string,
  mark: string,
): Promise<void> {
  const outcome = await ifPresent(linkOrRename(layout.fs, suspect, layout.paths.blob(digest)));
  if (outcome !== undefined) await ifPresent(layout.fs.unlink(suspect));
  await unmarkTrash(layout, digest, mark);
}
