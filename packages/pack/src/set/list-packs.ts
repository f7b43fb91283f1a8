import { explaining, ifPresent } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import {
  type PackFileKind,
  type PackId,
  parsePackFileName,
  parsePackTrashName,
} from "../chkl/pack-id.ts";

/** Packs by id, ascending, each with the kinds of its files that are there. */
export type PackListing = ReadonlyMap<PackId, ReadonlySet<PackFileKind | "dat.parts.json">>;

/**
 * The packs that files in a directory speak of, ascending by id, and which files there are of
 * each, under its own name or a trash name. Everything that is no file of a pack is left out. A
 * directory that does not exist has none.
 */
export async function listPackFiles(directory: PackDirectory): Promise<PackListing> {
  const { fs, dir } = directory;
  const names = (await explaining("list the packs", () => ifPresent(fs.readdir(dir)))) ?? [];
  const found = new Map<PackId, Set<PackFileKind | "dat.parts.json">>();
  for (const name of names.toSorted()) {
    const file = parsePackFileName(name) ?? parsePackTrashName(name);
    if (file === undefined) continue;
    const kinds = found.get(file.id) ?? new Set();
    found.set(file.id, kinds.add(file.kind));
  }
  return found;
}

/** Whether two listings name the same packs as existing. */
export function isSameListing(one: PackListing, other: PackListing): boolean {
  const idsOf = (listing: PackListing): string =>
    [...listing].flatMap(([id, kinds]) => (kinds.has("idx") ? id : [])).join();
  return idsOf(one) === idsOf(other);
}
