import { join } from "node:path";

import { ifPresent } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import {
  type PackFileKind,
  packFileName,
  type PackId,
  parsePackTrashName,
} from "../chkl/pack-id.ts";

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
