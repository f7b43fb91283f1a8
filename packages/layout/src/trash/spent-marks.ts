import { digestFromHex } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent, namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { listOtherBoots } from "./boot-records.ts";
import { listTrash } from "./list-trash.ts";
import { trashNames } from "./trash-names.ts";
import { isNotice, readNotice } from "./trash-marks.ts";

/** `<hex>.<what follows data.trash->`. */
const MARK = /^([0-9a-f]{64})\.([0-9A-Za-z-]{1,64})$/;

/**
 * Names of the files in `.store/trashed/` that tell of no trash any more: whoever made them died
 * before he removed them, and each costs every later sweep a look. A young one says nothing yet,
 * because it is made before its trash.
 *
 * A record of an earlier boot is spent when there is no trash at all: then there is nothing that a
 * lost mark could hide.
 *
 * @returns ascending
 */
export function listSpentMarks(layout: Layout): Promise<readonly string[]> {
  return explaining("list marks of trash", async () => {
    const spent = [...(await listSpentBoots(layout))];
    for (const name of await namesIn(layout.fs, layout.paths.trashed)) {
      if (await isSpent(layout, name)) spent.push(name);
    }
    return spent.toSorted();
  });
}

/** Whether {@link listSpentMarks} lists a name now. */
export function isSpentMark(layout: Layout, name: string): Promise<boolean> {
  return explaining(
    "look at a mark of trash",
    async () => (await isSpent(layout, name)) || (await listSpentBoots(layout)).includes(name),
  );
}

async function isSpent(layout: Layout, name: string): Promise<boolean> {
  if (isNotice(name)) return !(await hasTrash(layout, await readNotice(layout, name)));
  const [, hex = "", id = ""] = MARK.exec(name) ?? [];
  const digest = digestFromHex(hex);
  if (digest === undefined) return false;
  return (await ifPresent(layout.fs.lstat(layout.paths.trash(digest, id)))) === undefined;
}

async function hasTrash(layout: Layout, hexes: readonly string[]): Promise<boolean> {
  for (const hex of hexes) {
    const digest = digestFromHex(hex);
    if (digest !== undefined && (await trashNames(layout, digest)).length > 0) return true;
  }
  return false;
}

async function listSpentBoots(layout: Layout): Promise<readonly string[]> {
  const boots = await listOtherBoots(layout);
  if (boots.length === 0) return [];
  const { done } = await listTrash(layout).next();
  return done === true ? boots : [];
}
