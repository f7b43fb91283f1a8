import { type Descriptor, errnoOf, type FsStat, isStoreError, type Layout } from "@store/layout";

import type { Name } from "../name/name.ts";
import { type FileState, readState, removeNameFile, writeNameFile } from "./name-file.ts";
import type { NameSlot } from "./name-finder.ts";
import { refuseChanged } from "./refuse-changed.ts";

/** A name that was given a manifest, and has to do without it. */
export interface Withdrawal {
  readonly name: Name;
  readonly descriptor: Descriptor;
  readonly slot: NameSlot;
  readonly before: FileState | undefined;
  /** The file that the name was given. */
  readonly shown: FsStat;
}

/**
 * Gives the name back what it held before, unless it was changed since, if only to another file of
 * the same bytes; between processes only the name lock joins that look and the step after it. If
 * this fails too, the first failure is what counts: the name then stays, and a verification tells
 * what it lacks.
 */
export async function withdrawName(
  layout: Layout,
  { name, descriptor, slot, before, shown }: Withdrawal,
): Promise<void> {
  const beforeNaming = async (): Promise<void> => {
    const there = await layout.fs.lstat(slot.path);
    const now = isSameFile(there, shown) ? await readState(layout, slot.path) : undefined;
    refuseChanged(name, descriptor.digest, now);
  };
  try {
    await beforeNaming();
    if (before?.bytes === undefined) await removeNameFile(layout, slot.path);
    else await writeNameFile(layout, slot, before.bytes, { replace: true, beforeNaming });
  } catch (error) {
    if (errnoOf(error) === undefined && !isStoreError(error)) throw error;
  }
}

export function isSameFile(a: FsStat, b: FsStat): boolean {
  return a.inode === b.inode && a.device === b.device;
}
