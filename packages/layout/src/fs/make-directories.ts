import { dirname } from "node:path";

import { isErrno } from "../errors/errno.ts";
import { StoreError } from "../errors/store-error.ts";
import { ifPresent } from "./absence.ts";
import type { FsPort } from "./fs-port.ts";
import { createSharedSyncs } from "./shared-syncs.ts";

/** Makes directories whose names survive a power cut. */
export interface DirectoryMaker {
  /**
   * Makes a directory at or below the root, with everything on the way.
   *
   * A directory made by another process may not be durable yet, so the first time this maker meets
   * one it syncs the parent too. Lasting ones are remembered, which is right only for directories
   * that the store never removes; all others are synced each time.
   */
  make(path: string, options?: { readonly lasting?: boolean | undefined }): Promise<void>;
}

export function createDirectoryMaker(fs: FsPort, root: string): DirectoryMaker {
  const durable = new Set<string>();
  const shared: FsPort = {
    ...fs,
    syncDirectory: createSharedSyncs((path) => fs.syncDirectory(path)),
  };

  async function ensure(path: string, lasting: boolean): Promise<void> {
    if (durable.has(path)) return;
    if (path === root) {
      await makeAbove(fs, root);
      // A user may keep the root behind a link. Below it a link would lead out of the store.
      await makeOne(shared, path, { mayBeLink: true });
    } else {
      if (dirname(path) === path) throw new TypeError("not a path below the root");
      await ensure(dirname(path), true);
      await makeOne(shared, path, { mayBeLink: false });
    }
    if (lasting) durable.add(path);
  }

  return {
    async make(path, options) {
      try {
        await ensure(path, options?.lasting ?? true);
      } catch (error) {
        if (!isErrno(error, "ENOENT")) throw error;
        // Somebody removed a directory this maker remembers: forget all of them, once.
        durable.clear();
        await ensure(path, options?.lasting ?? true);
      }
    },
  };
}

/** Makes what is missing above the root; what exists there is not the store's to sync. */
async function makeAbove(fs: FsPort, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === path || (await isDirectory(fs, parent))) return;
  await makeAbove(fs, parent);
  await makeOne(fs, parent, { mayBeLink: true });
}

/** How often a sweep may remove a directory between finding it there and looking at it. */
const ATTEMPTS_MAX = 100;

async function makeOne(
  fs: FsPort,
  path: string,
  options: { readonly mayBeLink: boolean },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await fs.mkdir(path);
      break;
    } catch (error) {
      // Read-only and forbidden parents answer EROFS or EACCES even where the directory exists.
      if (!isErrno(error, "EEXIST", "EROFS", "EACCES", "EPERM", "EISDIR")) throw error;
      const there = await ifPresent(fs.lstat(path));
      if (there?.kind === "directory") break;
      if (there?.kind === "symlink" && options.mayBeLink && (await isDirectory(fs, path))) break;
      if (!isErrno(error, "EEXIST", "EISDIR")) throw error;
      // Gone by now: a sweep removed it because it was empty.
      if (there !== undefined || attempt === ATTEMPTS_MAX) throw notADirectory(path, error);
    }
  }
  try {
    await fs.syncDirectory(dirname(path));
  } catch (error) {
    // A parent we may not open (a shared tree of another user) is not ours to sync.
    if (!isErrno(error, "EACCES", "EPERM", "EROFS")) throw error;
  }
}

async function isDirectory(fs: FsPort, path: string): Promise<boolean> {
  try {
    // Following links is right here: a user may keep the root, or its parents, behind one.
    return (await fs.stat(path)).kind === "directory";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

function notADirectory(path: string, cause: unknown): StoreError {
  return new StoreError(`not a directory: ${path}`, {
    kind: "invalid",
    code: "ERR_STORE_NOT_A_DIRECTORY",
    hint: "Move the file away, or choose another store with --home or MODELS_HOME.",
    detail: { path },
    cause,
  });
}
