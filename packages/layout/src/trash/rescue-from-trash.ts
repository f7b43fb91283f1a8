import { join } from "node:path";

import { mustBeInside } from "../blobs/inside-store.ts";
import { type Digest, EMPTY_DIGEST } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { ifPresent } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { DATA_FILE } from "../root/paths.ts";
import { isTrashName, linkBack } from "./trash-names.ts";

/**
 * What a reader does that misses `data`, before it answers "absent": gives a blob that a sweep has
 * only moved aside its name back. On a store that must not be written it reads the trash name.
 *
 * One listing is one instant: a blob that shows neither name in it was absent then. Two looks, one
 * for each name, would miss a blob that a sweep restores in between.
 *
 * @param wrong inodes of files that the caller knows to hold other bytes; they stay where they are
 * @returns the path the bytes can be read at, unless it has changed again
 */
export async function rescueFromTrash(
  layout: Layout,
  digest: Digest,
  wrong?: ReadonlySet<number>,
): Promise<string | undefined> {
  const { fs, paths } = layout;
  const directory = paths.blobDirectory(digest);
  const names = (await ifPresent(fs.readdir(directory))) ?? [];
  let path = names.includes(DATA_FILE) ? paths.blob(digest) : undefined;
  for (const name of names.filter(isTrashName)) {
    const trash = join(directory, name);
    const stat = await ifPresent(fs.lstat(trash));
    // Gone: it was restored, or it was destroyed and the next listing shows that.
    if (stat === undefined) path ??= paths.blob(digest);
    if (stat?.kind !== "file" || wrong?.has(stat.inode) === true) continue;
    // What a power cut leaves of a writer that does not sync is no blob to bring back.
    if (stat.size === 0 && digest !== EMPTY_DIGEST) continue;
    if (layout.readOnly !== undefined) return trash;
    await mustBeInside(layout, digest);
    try {
      await linkBack(layout, digest, trash);
    } catch (error) {
      // Another user's directory: the bytes can be read where they are.
      if (!isErrno(error, "EACCES", "EPERM", "EROFS")) throw error;
      return trash;
    }
    return paths.blob(digest);
  }
  return path;
}
