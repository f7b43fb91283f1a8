import { createHash } from "node:crypto";
import { join } from "node:path";

import { isErrno } from "../errors/errno.ts";
import { namesIn } from "../fs/absence.ts";
import { createId } from "../fs/temporary-name.ts";
import type { Layout } from "../root/layout.ts";

/**
 * Marks are not synced, so a power cut may take some and leave their trash. A boot record is what
 * survives it: an empty file, durable before the first mark of a process, which says that marks were
 * made in this run of a machine. Whoever finds one of another run cannot rely on marks.
 */
const BOOT_RECORD = /^boot-[0-9a-f]{16}$/;

const ownNames = new WeakMap<Layout, Promise<string>>();
const recorded = new WeakMap<Layout, Promise<void>>();

/** Where the system does not tell one boot from another, each opened store counts as one. */
async function nameOf(layout: Layout): Promise<string> {
  const { boot } = await layout.processes.self();
  const id =
    boot === undefined ? createId() : createHash("sha256").update(boot).digest("hex").slice(0, 16);
  return `boot-${id}`;
}

function ownName(layout: Layout): Promise<string> {
  const known = ownNames.get(layout);
  if (known !== undefined) return known;
  const name = nameOf(layout);
  ownNames.set(layout, name);
  return name;
}

/** Makes sure of the record of this boot, once per opened store. `.store/trashed/` must be there. */
export function recordBoot(layout: Layout): Promise<void> {
  const known = recorded.get(layout);
  if (known !== undefined) return known;
  const recording = writeRecord(layout);
  recorded.set(layout, recording);
  recording.catch(() => recorded.delete(layout));
  return recording;
}

async function writeRecord(layout: Layout): Promise<void> {
  const { fs, paths } = layout;
  try {
    const path = join(paths.trashed, await ownName(layout));
    await (await fs.open(path, "create", { permissions: 0o644 })).close();
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
  // Also one that was there: whoever made it may have died before this.
  await fs.syncDirectory(paths.trashed);
}

/** Names of the records of other boots: marks made in those may be lost. */
export async function listOtherBoots(layout: Layout): Promise<readonly string[]> {
  const names = await namesIn(layout.fs, layout.paths.trashed);
  const records = names.filter((name) => BOOT_RECORD.test(name));
  if (records.length === 0) return [];
  const own = await ownName(layout);
  return records.filter((name) => name !== own).toSorted();
}
