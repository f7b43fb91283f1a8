import { dirname, relative, sep } from "node:path";

import {
  type Digest,
  digestBytes,
  ifPresent,
  isErrno,
  isStoreError,
  type Layout,
  writeDocument,
  type WriteDocumentOptions,
} from "@store/layout";

import { makeNameDirectories, removeEmptyDirectories } from "./name-directories.ts";
import type { NameSlot } from "./name-finder.ts";
import { readManifestBytes } from "./read-manifest.ts";

/** Directories vanish under a writer only while others remove the last names in them. */
const ATTEMPTS_MAX = 20;

/** What a name's file holds now. */
export interface FileState {
  readonly isThere: boolean;
  readonly bytes: Uint8Array | undefined;
  /** `undefined` if there is no file, or none that can be read as one. */
  readonly digest: Digest | undefined;
}

/** A file that is too large, or no regular file, counts as one that matches no digest. */
export async function readState(layout: Layout, path: string): Promise<FileState> {
  try {
    const bytes = await readManifestBytes(layout.fs, path);
    const isThere = bytes !== undefined;
    return { isThere, bytes, digest: isThere ? digestBytes(bytes) : undefined };
  } catch (error) {
    if (!isStoreError(error) || error.kind !== "corrupt") throw error;
    return { isThere: true, bytes: undefined, digest: undefined };
  }
}

/**
 * P3: gives a manifest its name, whole and durably (INV-2).
 *
 * @returns whether this call gave the name; `false` only without `replace`
 */
export async function writeNameFile(
  layout: Layout,
  slot: NameSlot,
  bytes: Uint8Array,
  options: WriteDocumentOptions,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await makeNameDirectories(layout, slot.place);
      return await writeDocument(layout.fs, slot.path, bytes, options);
    } catch (error) {
      // The directory was empty for a moment, and somebody tidied it away.
      if (!isErrno(error, "ENOENT") || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * Makes a file durable that holds the right bytes already: its writer may not have synced it. Its
 * time stays, unless we have no right to sync it and must write it anew.
 *
 * @returns whether the file was still there; if not, it is for the caller to begin anew, since a new
 * name must look for others
 */
export async function syncNameFile(
  layout: Layout,
  slot: NameSlot,
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    // Windows syncs only what is open for writing.
    const file = await layout.fs.open(slot.path, "update");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    if (!isErrno(error, "EACCES", "EPERM")) throw error;
    await writeNameFile(layout, slot, bytes, { replace: true });
    return true;
  }
  await layout.fs.syncDirectory(dirname(slot.path));
  return true;
}

/** Removes a name's file durably, and the directories it leaves empty. */
export async function removeNameFile(layout: Layout, path: string): Promise<boolean> {
  const { fs, paths } = layout;
  const gone = await ifPresent(fs.unlink(path).then(() => true));
  if (gone === undefined) return false;
  await syncNearest(layout, dirname(path));
  const place = relative(paths.manifests, dirname(path)).split(sep);
  await removeEmptyDirectories(
    fs,
    paths.manifests,
    place.filter((part) => part !== ""),
  );
  return true;
}

/** A directory that somebody removed meanwhile is as durably gone as its own parent says. */
async function syncNearest(layout: Layout, directory: string): Promise<void> {
  try {
    await layout.fs.syncDirectory(directory);
  } catch (error) {
    if (!isErrno(error, "ENOENT") || directory === layout.paths.root) throw error;
    await syncNearest(layout, dirname(directory));
  }
}
