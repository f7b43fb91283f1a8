import { join } from "node:path";

import { ifPresent, isErrno, publish } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import {
  type PackFileKind,
  packFileName,
  type PackId,
  parsePackTrashName,
} from "../chkl/pack-id.ts";

/** How often others may move an index between two looks at it. */
const ATTEMPTS_MAX = 100;

/**
 * Where a file of a pack is that was missed under its own name: there after all, or under a trash
 * name because somebody has moved it aside. Changes nothing.
 */
export async function locateFile(
  directory: PackDirectory,
  id: PackId,
  kind: PackFileKind,
): Promise<string | undefined> {
  const { fs, dir } = directory;
  const own = packFileName(id, kind);
  const names = (await ifPresent(fs.readdir(dir))) ?? [];
  if (names.includes(own)) return join(dir, own);
  const trash = names.toSorted().find((name) => {
    const parsed = parsePackTrashName(name);
    return parsed?.id === id && parsed.kind === kind;
  });
  return trash === undefined ? undefined : join(dir, trash);
}

/**
 * What a reader does that is about to rely on a pack whose index it misses: gives an index that
 * somebody has only moved aside its name back.
 *
 * @returns whether the pack exists; where nothing may be written, also with its index moved aside
 */
export async function rescueIndex(directory: PackDirectory, id: PackId): Promise<boolean> {
  const { fs, dir } = directory;
  const own = join(dir, packFileName(id, "idx"));
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const path = await locateFile(directory, id, "idx");
    if (path === undefined) return false;
    if (path === own || directory.readOnly !== undefined) return true;
    try {
      await publish(fs, path, own, { replace: false });
      return true;
    } catch (error) {
      // Another user's directory: the bytes can be read where they are.
      if (isErrno(error, "EACCES", "EPERM", "EROFS")) return true;
      // Gone: it was given back, or whoever moved it was right.
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
  return false;
}
