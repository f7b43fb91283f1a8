import { join } from "node:path";

import { explaining, ifPresent, isSpentMark, type Layout, listSpentMarks } from "@store/layout";

import type { Expirables } from "../ports.ts";

/** For one trash name, for all that a sweep moved aside together, or for a boot of a machine. */
const MARK = /^([0-9a-f]{64}\.[0-9A-Za-z-]{1,64}|(notice|boot)-[0-9a-f]{16})$/;

/**
 * Marks of trash that has gone, whose sweep died before it removed them. A mark is made before its
 * trash, so a young one says nothing yet; one that is removed too early costs time until its trash is
 * found, and no byte.
 */
export function createMarkExpirables(layout: Layout): Expirables {
  const { fs, paths, now } = layout;
  return {
    kind: "mark",
    async *list() {
      for (const id of await listSpentMarks(layout)) {
        const stat = await explaining("look at a mark of trash", () =>
          ifPresent(fs.lstat(join(paths.trashed, id))),
        );
        if (stat?.kind === "file") yield { id, ageMs: now() - stat.mtimeMs, bytes: 0 };
      }
    },
    async remove(id) {
      if (!MARK.test(id)) throw new TypeError(`not a mark of trash: ${id}`);
      if (layout.readOnly !== undefined) throw layout.readOnly;
      if (!(await isSpentMark(layout, id))) return;
      await explaining("remove a mark of trash", () =>
        ifPresent(fs.unlink(join(paths.trashed, id))),
      );
    },
  };
}
