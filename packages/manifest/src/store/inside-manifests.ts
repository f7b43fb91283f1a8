import { dirname } from "node:path";

import type { EntryKind, FsPort } from "@store/layout";

import { ifThere } from "./absent.ts";
import { notADirectory } from "./store-errors.ts";

/**
 * Asked before a file that was found among the names is shown, changed or removed: a link in place
 * of a directory must not make somebody else's file look like a name. Below it, `manifests/`
 * included, links are never followed.
 *
 * @param path of something at or below `manifests/`
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function mustBeInside(fs: FsPort, manifests: string, path: string): Promise<void> {
  const way: string[] = [];
  for (let at = dirname(path); at.length >= manifests.length; at = dirname(at)) way.push(at);
  const kinds = await Promise.all(way.map((directory) => kindAt(fs, directory)));
  const at = kinds.findLastIndex((kind) => kind !== undefined && kind !== "directory");
  if (at >= 0) throw notADirectory(way[at] ?? manifests);
}

/**
 * Whether there are names at all. Whatever stands where `manifests/` should is no empty set of them: a
 * link may lead to a disk that is not there today.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function isManifestsThere(fs: FsPort, manifests: string): Promise<boolean> {
  const kind = await kindAt(fs, manifests);
  if (kind !== undefined && kind !== "directory") throw notADirectory(manifests);
  return kind !== undefined;
}

async function kindAt(fs: FsPort, path: string): Promise<EntryKind | undefined> {
  return (await ifThere(fs.lstat(path)))?.kind;
}
