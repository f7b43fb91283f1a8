import { dirname } from "node:path";

import { isErrno } from "../errors/errno.ts";
import { ifPresent } from "./absence.ts";
import type { FsPort } from "./fs-port.ts";
import { refusesHardLinks } from "./hard-links.ts";

export interface PublishOptions {
  /** What to do when the final path is taken: replace it at once, or leave it. */
  readonly replace: boolean;
}

/**
 * The one door to a final path: gives a complete, verified and synced file its lasting name, and
 * makes the name durable. The order file sync → name → directory sync is what survives a power
 * cut on ext4, xfs and btrfs; leaving out either sync was measured to lose the file, or to leave
 * a zero-length one under the final name.
 *
 * @returns whether this call gave the name; with `replace: false` an existing file stays and the
 * temporary one is left to the caller.
 */
export async function publish(
  fs: FsPort,
  temporary: string,
  target: string,
  options: PublishOptions,
): Promise<boolean> {
  const named = options.replace
    ? await fs.rename(temporary, target).then(() => true)
    : await linkOnce(fs, temporary, target);
  // Also when another writer was first: it may have died before its own sync.
  await fs.syncDirectory(dirname(target));
  return named;
}

async function linkOnce(fs: FsPort, temporary: string, target: string): Promise<boolean> {
  const outcome = await linkOrRename(fs, temporary, target);
  if (outcome === "linked") await fs.unlink(temporary);
  return outcome !== "taken";
}

/**
 * Gives a file a further name that nothing has yet; where the file system knows no hard links, its
 * only one.
 */
export async function linkOrRename(
  fs: FsPort,
  from: string,
  to: string,
): Promise<"linked" | "renamed" | "taken"> {
  try {
    await fs.link(from, to);
    return "linked";
  } catch (error) {
    if (isErrno(error, "EEXIST")) return "taken";
    if (!refusesHardLinks(error)) throw error;
    // Without hard links two writers can both get here; both hold the same verified bytes, so
    // the second rename replaces equals by equals.
    if ((await ifPresent(fs.lstat(to))) !== undefined) return "taken";
    await fs.rename(from, to);
    return "renamed";
  }
}
