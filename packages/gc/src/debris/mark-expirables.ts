import { join } from "node:path";

import {
  type Digest,
  digestFromHex,
  explaining,
  ifPresent,
  type Layout,
  listSpentBoots,
} from "@store/layout";

import type { Expirable, Expirables } from "../ports.ts";

/** `<hex>.<what follows data.trash->`. */
const MARK = /^([0-9a-f]{64})\.([0-9A-Za-z-]{1,64})$/;

/** Says that marks were made in some boot of a machine. */
const BOOT = /^boot-[0-9a-f]{16}$/;

/**
 * Marks of trash that has gone, whose sweep died before it removed them. Each would cost every later
 * sweep a look. A mark is made before its trash, so a young one says nothing yet; one that is removed
 * too early costs time until its trash is found, and no byte. And records of earlier boots once there
 * is no trash at all: until then each of them has every sweep look everywhere.
 */
export function createMarkExpirables(layout: Layout): Expirables {
  const { fs, paths, now } = layout;

  async function describe(
    id: string,
    spentBoots: readonly string[],
  ): Promise<Expirable | undefined> {
    const trash = trashOf(layout, id);
    if (trash === undefined && !spentBoots.includes(id)) return undefined;
    if (trash !== undefined && (await ifPresent(fs.lstat(trash))) !== undefined) return undefined;
    const stat = await ifPresent(fs.lstat(join(paths.trashed, id)));
    return stat?.kind === "file" ? { id, ageMs: now() - stat.mtimeMs, bytes: 0 } : undefined;
  }

  return {
    kind: "mark",
    async *list() {
      const ids = await explaining("list marks of trash", () =>
        ifPresent(fs.readdir(paths.trashed)),
      );
      const boots = await listSpentBoots(layout);
      for (const id of (ids ?? []).toSorted()) {
        const item = await explaining("look at a mark of trash", () => describe(id, boots));
        if (item !== undefined) yield item;
      }
    },
    async remove(id) {
      const isBoot = BOOT.test(id);
      if (trashOf(layout, id) === undefined && !isBoot)
        throw new TypeError(`not a mark of trash: ${id}`);
      if (layout.readOnly !== undefined) throw layout.readOnly;
      if (isBoot && !(await listSpentBoots(layout)).includes(id)) return;
      await explaining("remove a mark of trash", () =>
        ifPresent(fs.unlink(join(paths.trashed, id))),
      );
    },
  };
}

function trashOf({ paths }: Layout, id: string): string | undefined {
  const [, hex = "", sweep = ""] = MARK.exec(id) ?? [];
  const digest: Digest | undefined = digestFromHex(hex);
  return digest === undefined ? undefined : paths.trash(digest, sweep);
}
