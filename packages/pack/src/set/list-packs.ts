import { explaining, ifPresent } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import { type PackFileKind, type PackId, parsePackFileName } from "../chkl/pack-id.ts";

/**
 * The packs that files in a directory speak of, ascending by id, and which files there are of
 * each. Everything that is no file of a pack is left out. A directory that does not exist has none.
 */
export async function listPackFiles(
  directory: PackDirectory,
): Promise<ReadonlyMap<PackId, ReadonlySet<PackFileKind | "dat.parts.json">>> {
  const { fs, dir } = directory;
  const names = (await explaining("list the packs", () => ifPresent(fs.readdir(dir)))) ?? [];
  const found = new Map<PackId, Set<PackFileKind | "dat.parts.json">>();
  for (const name of names.toSorted()) {
    const file = parsePackFileName(name);
    if (file === undefined) continue;
    const kinds = found.get(file.id) ?? new Set();
    found.set(file.id, kinds.add(file.kind));
  }
  return found;
}
