import { createId } from "@store/layout";

import type { PackDirectory } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import { type Discard, type TrashedPack, trashPack } from "./trash-pack.ts";

/**
 * Takes packs through D1–D4: moves their indexes aside, then asks which of them may really go, and
 * gives the others back.
 *
 * Two who do this at once, each because the other's pack holds the same objects, are told apart by
 * the order alone: both have moved theirs before they ask, so at least one misses what it relies on.
 *
 * @param mayGo is called once, after D1 of all, with those that were there; what it relies on must
 * be looked for on disk, under its own name
 * @param discard what becomes of the files of those that go; they are unlinked by default
 * @returns the packs that are gone
 */
export async function retirePacks(
  directory: PackDirectory,
  ids: readonly PackId[],
  mayGo: (trashed: ReadonlySet<PackId>) => Promise<ReadonlySet<PackId>>,
  discard: Discard = (path) => directory.fs.unlink(path),
): Promise<readonly PackId[]> {
  const sweep = createId();
  const held: TrashedPack[] = [];
  const gone: PackId[] = [];
  try {
    for (const id of ids) {
      const trashed = await trashPack(directory, id, sweep);
      if (trashed !== undefined) held.push(trashed);
    }
    const going = await mayGo(new Set(held.map(({ id }) => id)));
    for (let trashed = held.pop(); trashed !== undefined; trashed = held.pop()) {
      if (!going.has(trashed.id)) await trashed.restore();
      else if (await trashed.destroy(discard)) gone.push(trashed.id);
    }
  } catch (error) {
    // What cannot be given back stays in the trash, where every reader finds it.
    for (const trashed of held) await trashed.restore().catch(() => {});
    throw error;
  }
  return gone.toSorted();
}
