import { join } from "node:path";

import { type FsPort, isErrno, type Layout } from "@store/layout";

import { notADirectory } from "./store-errors.ts";

/**
 * Makes the directories of a reference below `manifests/`, durably. Another process may remove an
 * empty one at any moment, so nothing is remembered, and the caller tries again on `ENOENT`.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY` if something else has the path, a link included
 */
export async function makeNameDirectories(
  layout: Layout,
  segments: readonly string[],
): Promise<void> {
  const { fs, paths } = layout;
  // Not lasting: a person may wipe all names while a program runs.
  await layout.makeDirectory(paths.manifests, { lasting: false });
  let parent = paths.manifests;
  for (const segment of segments) {
    const path = join(parent, segment);
    try {
      await fs.mkdir(path);
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
      const { kind } = await fs.lstat(path);
      if (kind !== "directory") throw notADirectory(path, error);
    }
    await fs.syncDirectory(parent);
    parent = path;
  }
}

/**
 * Removes the directories of a removed name that are empty now, innermost first. Only tidying: a
 * directory that somebody uses, or that cannot be removed, stays.
 */
export async function removeEmptyDirectories(
  fs: FsPort,
  root: string,
  segments: readonly string[],
): Promise<void> {
  for (let depth = segments.length; depth > 0; depth -= 1) {
    try {
      await fs.rmdir(join(root, ...segments.slice(0, depth)));
    } catch (error) {
      if (isErrno(error, "ENOENT")) continue;
      return;
    }
  }
}
