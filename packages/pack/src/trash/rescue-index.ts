import { join } from "node:path";

import { isErrno, publish } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import { packFileName, type PackId } from "../chkl/pack-id.ts";
import { locateFile } from "./locate-file.ts";
import { hasData, keepWithData } from "./trash-pack.ts";

/** How often others may move an index between two looks at it. */
const ATTEMPTS_MAX = 100;

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
    if (directory.readOnly !== undefined) return true;
    if (path === own) return await hasData(directory, id);
    try {
      await publish(fs, path, own, { replace: false });
      return await keepWithData(directory, id);
    } catch (error) {
      // Another user's directory: the bytes can be read where they are.
      if (isErrno(error, "EACCES", "EPERM", "EROFS")) return true;
      // Gone: it was given back, or whoever moved it was right.
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
  return false;
}
