import { join } from "node:path";

import { ifPresent, type Layout } from "@store/layout";

import type { Expirables } from "../ports.ts";

/** `<YYYYMMDDTHHMMSSZ>-<reason>-<id>.bin`, ours or another tool's. */
const QUARANTINED = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[\w.-]+\.bin$/;

/**
 * Wrong bytes that were kept as evidence, with what is written about them beside them. Their age is
 * that of the stamp in their name: a file that is moved keeps the time of its bytes, which may have
 * been right for years.
 */
export function createQuarantineExpirables(layout: Layout): Expirables {
  const { fs, paths, now } = layout;
  return {
    kind: "quarantine",
    async *list() {
      const names = (await ifPresent(fs.readdir(paths.quarantine))) ?? [];
      for (const id of names.toSorted()) {
        const sinceMs = stampOf(id);
        if (sinceMs === undefined) continue;
        const stat = await ifPresent(fs.lstat(join(paths.quarantine, id)));
        if (stat?.kind === "file") yield { id, ageMs: now() - sinceMs, bytes: stat.size };
      }
    },
    async remove(id) {
      if (stampOf(id) === undefined) throw new TypeError(`not in quarantine: ${id}`);
      if (layout.readOnly !== undefined) throw layout.readOnly;
      // INV-8: only a rule on age or size gets here.
      await ifPresent(fs.unlink(join(paths.quarantine, id)));
      await ifPresent(fs.unlink(join(paths.quarantine, id.replace(/\.bin$/, ".json"))));
    },
  };
}

function stampOf(name: string): number | undefined {
  const match = QUARANTINED.exec(name);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
