import { join } from "node:path";

import type { Digest } from "../digest/digest.ts";
import { ifPresent, namesIn } from "../fs/absence.ts";
import { linkOrRename } from "../fs/publish.ts";
import type { Layout } from "../root/layout.ts";
import { TRASH_PREFIX } from "../root/paths.ts";

export const isTrashName = (name: string): boolean => name.startsWith(TRASH_PREFIX);

/** Trash names of one blob, as paths. */
export async function trashNames(layout: Layout, digest: Digest): Promise<readonly string[]> {
  const directory = layout.paths.blobDirectory(digest);
  const names = await namesIn(layout.fs, directory);
  return names.filter(isTrashName).map((name) => join(directory, name));
}

/**
 * D3, and what every reader does that misses `data`. Losing the race to another restorer is success.
 *
 * @returns whether something has the blob's name now; else the trash name is gone: somebody restored
 * it, or a sweep that had every right to destroy it did
 */
export async function linkBack(layout: Layout, digest: Digest, path: string): Promise<boolean> {
  return (await ifPresent(linkOrRename(layout.fs, path, layout.paths.blob(digest)))) !== undefined;
}
