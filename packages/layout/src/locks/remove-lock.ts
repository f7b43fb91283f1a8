import { isErrno } from "../errors/errno.ts";
import { ifPresent } from "../fs/absence.ts";
import { linkOrRename } from "../fs/publish.ts";
import { createId } from "../fs/temporary-name.ts";
import type { Layout } from "../root/layout.ts";
import { readLockOwner } from "./lock-owner.ts";

/**
 * Frees the lock of a provably dead holder.
 *
 * Whoever moves the owner's file away is the one to do it. The directory alone does not tell whose
 * it is: by the time a waiter has read of the dead owner, another may hold the lock.
 *
 * @returns whether the lock may be free now
 */
export async function removeDeadLock(
  layout: Layout,
  path: string,
  ownerPath: string,
): Promise<boolean> {
  const { fs } = layout;
  const owner = await readLockOwner(layout, ownerPath);
  if (owner === undefined || !(await layout.processes.isDead(owner.process))) return false;
  const claim = `${ownerPath}.dead-${createId()}`;
  if (!(await isMoved(layout, ownerPath, claim))) return false;
  const claimed = await readLockOwner(layout, claim);
  if (claimed?.id === owner.id) {
    const aside = `${path}.dead-${createId()}`;
    // A stray file in it stays where it can be seen.
    if (await isMoved(layout, path, aside)) await fs.rmdir(aside).catch(() => {});
  } else {
    // Another waiter was faster and holds the lock already: it gets its file back.
    await ifPresent(linkOrRename(fs, claim, ownerPath));
  }
  await ifPresent(fs.unlink(claim));
  return claimed?.id === owner.id;
}

/**
 * Frees a stale lock that cannot be removed, because it is no directory or something lies in it.
 *
 * @returns whether the lock may be free now
 */
export async function removeObstacle(layout: Layout, path: string): Promise<boolean> {
  const aside = `${path}.dead-${createId()}`;
  if (!(await isMoved(layout, path, aside))) return false;
  if (!(await isEmptyDirectory(layout, aside))) return true;
  // Another waiter was faster, and this is the lock it holds now.
  await isMoved(layout, aside, path);
  return false;
}

async function isEmptyDirectory(layout: Layout, path: string): Promise<boolean> {
  try {
    return (await layout.fs.readdir(path)).length === 0;
  } catch (error) {
    if (isErrno(error, "ENOTDIR", "EACCES", "EPERM")) return false;
    throw error;
  }
}

async function isMoved(layout: Layout, from: string, to: string): Promise<boolean> {
  try {
    await layout.fs.rename(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES", "EPERM", "EBUSY")) return false;
    throw error;
  }
}
