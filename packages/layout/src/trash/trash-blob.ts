import { basename } from "node:path";

import type { Trashed, TrashNotice } from "../blobs/blob-store.ts";
import { mustBeInside } from "../blobs/inside-store.ts";
import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { explaining } from "../errors/system-error.ts";
import { retainBlobs } from "../blobs/release-marks.ts";
import { ifPresent, namesIn } from "../fs/absence.ts";
import { quarantineFile } from "../quarantine/quarantine.ts";
import type { Layout } from "../root/layout.ts";
import { removeChunkMap } from "../sidecars/chunk-sidecar.ts";
import { CHUNKS_FILE, DATA_FILE, SUSPECT_PREFIX, TRASH_PREFIX } from "../root/paths.ts";
import { markTrash, unmarkTrash } from "./trash-marks.ts";
import { linkBack } from "./trash-names.ts";

/**
 * D1 of a sweep: `data` becomes `data.trash-<sweep>`. Every sweep has its own id, so the rename
 * never meets an older trash name, which would be the last copy of the blob.
 *
 * @param notice covers the blob, which then needs no mark of its own
 */
export async function trashBlob(
  layout: Layout,
  digest: Digest,
  sweep: string,
  notice?: TrashNotice,
): Promise<Trashed | undefined> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  if (!/^[0-9A-Za-z-]{1,64}$/.test(sweep)) throw new TypeError(`not a sweep id: ${sweep}`);
  const { fs, paths } = layout;
  const path = paths.trash(digest, sweep);
  await mustBeInside(layout.prompt, digest);
  if (notice === undefined) await markTrash(layout, digest, sweep);
  try {
    await fs.rename(paths.blob(digest), path);
  } catch (error) {
    // Unless the mark is of trash that an earlier attempt of the same sweep made.
    if (notice === undefined && !(await isAt(layout, path)))
      await unmarkTrash(layout, digest, sweep);
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
  // Gone already: another sweep found the name and destroyed it, or a reader gave it back.
  const stat = await ifPresent(layout.prompt.fs.lstat(path));
  if (stat === undefined) return undefined;
  return createTrashed(layout, digest, { path, size: stat.size, notice });
}

interface TrashName {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly notice?: TrashNotice | undefined;
}

export function createTrashed(
  layout: Layout,
  digest: Digest,
  { path, size, notice }: TrashName,
): Trashed {
  async function unmark(): Promise<void> {
    if (notice !== undefined) return;
    await unmarkTrash(layout, digest, basename(path).slice(TRASH_PREFIX.length));
  }
  return {
    digest,
    size,
    restore: () =>
      explaining(`restore blob ${digest}`, async () => {
        if (layout.readOnly !== undefined) throw layout.readOnly;
        // Not if it is said to be gone: what is not there under another name is never unlinked here.
        if (await linkBack(layout, digest, path)) {
          if (await isOtherSuspect(layout, digest, path)) await keepSuspect(layout, digest, path);
          else await removeName(layout, path);
        }
        // Gone: another sweep destroyed the blob when nothing needed it yet, and removed its directory.
        await ifPresent(layout.fs.syncDirectory(layout.paths.blobDirectory(digest)));
        await unmark();
      }),
    destroy: () =>
      explaining(`delete blob ${digest}`, async () => {
        if (layout.readOnly !== undefined) throw layout.readOnly;
        await mustBeInside(layout.prompt, digest);
        const beside = await namesIn(layout.prompt.fs, layout.paths.blobDirectory(digest));
        // First, because it vouches for bytes: it must never be found beside others that another tool
        // has put there since. Losing it to a race costs a hashing, never a byte.
        if (beside.includes(CHUNKS_FILE) && !beside.includes(DATA_FILE))
          await removeChunkMap(layout, digest);
        // INV-4: the caller has looked at leases and names since this name was given.
        if (isSuspect(path)) await keepSuspect(layout, digest, path);
        else await removeName(layout, path);
        await unmark();
        // A mark that stayed would send the blob away at once if somebody added it again.
        const isGone = await removeEmptyBlob(layout, digest);
        if (isGone) await retainBlobs(layout, [digest]);
        return isGone;
      }),
  };
}

async function removeName(layout: Layout, path: string): Promise<void> {
  try {
    await layout.fs.unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

const isSuspect = (path: string): boolean => basename(path).startsWith(SUSPECT_PREFIX);

/** Whether a repair that ended early left a file here that is not the one at the final path. */
async function isOtherSuspect(layout: Layout, digest: Digest, path: string): Promise<boolean> {
  if (!isSuspect(path)) return false;
  const { fs, paths } = layout;
  const there = await ifPresent(fs.lstat(paths.blob(digest)));
  return there?.inode !== (await ifPresent(fs.lstat(path)))?.inode;
}

/** INV-8: these may be bad bytes that nobody has put to quarantine yet. */
async function keepSuspect(layout: Layout, expected: Digest, path: string): Promise<void> {
  await ifPresent(quarantineFile(layout, path, { reason: "suspect", expected }));
}

async function isAt(layout: Layout, path: string): Promise<boolean> {
  return (await ifPresent(layout.fs.lstat(path))) !== undefined;
}

const isThere = (layout: Layout, digest: Digest): Promise<boolean> =>
  isAt(layout, layout.paths.blob(digest));

/**
 * Best effort: a directory somebody else uses again stays, with whatever they put there.
 *
 * @returns whether the blob was gone
 */
async function removeEmptyBlob(layout: Layout, digest: Digest): Promise<boolean> {
  const directory = layout.paths.blobDirectory(digest);
  if (await removeIfEmpty(layout, directory)) return true;
  if (await isThere(layout, digest)) return false;
  await removeChunkMap(layout, digest);
  await removeName(layout, layout.paths.origins(digest));
  return (await removeIfEmpty(layout, directory)) || !(await isThere(layout, digest));
}
async function removeIfEmpty(layout: Layout, directory: string): Promise<boolean> {
  try {
    await layout.fs.rmdir(directory);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return true;
    const known = ["ENOTEMPTY", "EEXIST", "EBUSY", "EACCES", "EPERM"];
    if (!isErrno(error, ...known)) throw error;
    return false;
  }
}
