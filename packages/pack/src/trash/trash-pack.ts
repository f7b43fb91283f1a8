// Taking a pack away. The thing moved is its index, because with it the pack exists (INV-6): D1
// gives it a trash name, D4 unlinks that. What the index spoke of goes last.

import { join } from "node:path";

import { createId, ifPresent, isErrno, publish } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import { type PackFileKind, packFileName, type PackId, packTrashName } from "../chkl/pack-id.ts";
import { locateFile } from "./locate-file.ts";

/** What becomes of a file that goes: its name must be free afterwards. */
export type Discard = (path: string) => Promise<unknown>;

/** A pack between D1 and D4. */
export interface TrashedPack {
  readonly id: PackId;
  /** D3: the pack exists again. Success if it does already. */
  restore(): Promise<void>;
  /**
   * D4. Call only after a look, begun after D1, at whatever needs the pack.
   *
   * @returns whether it is gone; a reader may have given it back
   */
  destroy(discard: Discard): Promise<boolean>;
}

/** Whether a pack exists now and nobody is about to take it away. */
export async function isVisible(directory: PackDirectory, id: PackId): Promise<boolean> {
  const { fs, dir } = directory;
  return (await ifPresent(fs.lstat(join(dir, packFileName(id, "idx"))))) !== undefined;
}

/**
 * Whether a pack can be relied on now: nobody is about to take it away, and its data is there. The
 * index is looked for first: whoever takes data away looks for the index after moving it.
 */
export async function isWhole(directory: PackDirectory, id: PackId): Promise<boolean> {
  return (await isVisible(directory, id)) && (await hasData(directory, id));
}

/** Whether the data of a pack is there; what somebody has only moved aside gets its name back. */
export async function hasData(directory: PackDirectory, id: PackId): Promise<boolean> {
  const { fs, dir } = directory;
  for (const kind of ["dat", "dat.parts.json"] as const) {
    if ((await ifPresent(fs.lstat(join(dir, packFileName(id, kind))))) !== undefined) return true;
  }
  if (directory.readOnly !== undefined) return false;
  const path = await locateFile(directory, id, "dat");
  if (path === undefined) return false;
  const own = join(dir, packFileName(id, "dat"));
  return (
    path === own || (await ifPresent(publish(fs, path, own, { replace: false }))) !== undefined
  );
}

/**
 * What whoever gave an index its name back owes: others may have written the same pack meanwhile
 * and taken it away again, data and all. Then the index goes as well, by D1 and a last look: a
 * writer that relies on it had named the data before it found the index.
 *
 * @returns whether the pack exists
 */
export async function keepWithData(directory: PackDirectory, id: PackId): Promise<boolean> {
  const { fs, dir } = directory;
  const index = join(dir, packFileName(id, "idx"));
  if (await hasData(directory, id)) return true;
  const trash = join(dir, packTrashName(id, "idx", createId()));
  if ((await ifPresent(fs.rename(index, trash).then(() => true))) === undefined) return false;
  if (await hasData(directory, id)) {
    await giveBack(directory, trash, index);
    return true;
  }
  await ifPresent(fs.unlink(trash));
  return false;
}

/**
 * D1: moves a pack's index aside; `undefined` if the pack does not exist.
 *
 * @param sweep a word of its own for each attempt, so that no older trash name is met
 */
export async function trashPack(
  directory: PackDirectory,
  id: PackId,
  sweep: string,
): Promise<TrashedPack | undefined> {
  if (directory.readOnly !== undefined) throw directory.readOnly;
  const { fs, dir } = directory;
  const index = join(dir, packFileName(id, "idx"));
  const trash = join(dir, packTrashName(id, "idx", sweep));
  try {
    await fs.rename(index, trash);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
  return {
    id,
    async restore() {
      await giveBack(directory, trash, index);
      await keepWithData(directory, id);
    },
    async destroy(discard) {
      // INV-4: the caller has looked since this name was given.
      if ((await ifPresent(discard(trash).then(() => true))) === undefined) return false;
      if (await isVisible(directory, id)) return false;
      // Before the data goes: an index that a power cut brought back would speak of nothing.
      await fs.syncDirectory(dir);
      await removeData(directory, id, sweep, discard);
      return true;
    },
  };
}

/**
 * Removes the files that are left of a pack without an index.
 *
 * Somebody may be writing that very pack again and rely on the files found there. A writer looks
 * for them once more after its index has a name; each file is moved aside here before the index is
 * looked for. Either this look sees the index, or that one misses the file and writes it anew.
 */
export async function removeData(
  directory: PackDirectory,
  id: PackId,
  sweep: string,
  discard: Discard = (path) => directory.fs.unlink(path),
): Promise<void> {
  // The data first: as long as it has its name, nothing of the pack is missing.
  for (const kind of ["dat", "ids"] as const) await removeFile(directory, id, kind, sweep, discard);
  if (!(await isVisible(directory, id))) await removeParts(directory, id, discard);
  // Whoever named it may have died before he saw that the data had just gone.
  else await keepWithData(directory, id);
}

async function removeFile(
  directory: PackDirectory,
  id: PackId,
  kind: PackFileKind,
  sweep: string,
  discard: Discard,
): Promise<void> {
  const { fs, dir } = directory;
  const path = join(dir, packFileName(id, kind));
  const trash = join(dir, packTrashName(id, kind, sweep));
  try {
    await fs.rename(path, trash);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  if (await isVisible(directory, id)) await giveBack(directory, trash, path);
  else await ifPresent(discard(trash));
}

/** The split form of a `.dat`, which only another tool writes: its list first, then the parts. */
async function removeParts(
  { fs, dir }: PackDirectory,
  id: PackId,
  discard: Discard,
): Promise<void> {
  const list = packFileName(id, "dat.parts.json");
  const names = (await ifPresent(fs.readdir(dir))) ?? [];
  if (names.includes(list)) await ifPresent(discard(join(dir, list)));
  const parts = names.filter((name) => name.startsWith(`${packFileName(id, "dat")}.part-`));
  for (const name of parts.toSorted()) await ifPresent(discard(join(dir, name)));
}

async function giveBack({ fs }: PackDirectory, trash: string, path: string): Promise<void> {
  // Nothing under the trash name: a reader was first.
  const named = await ifPresent(publish(fs, trash, path, { replace: false }));
  if (named === false) await ifPresent(fs.unlink(trash));
}
