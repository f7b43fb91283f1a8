import { join } from "node:path";

import type { Trashed } from "../blobs/blob-store.ts";
import { findLink } from "../blobs/inside-store.ts";
import { listFanouts } from "../blobs/list-fanouts.ts";
import { type Digest, digestFromHex } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent, namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { listOtherBoots } from "./boot-records.ts";
import { createTrashed } from "./trash-blob.ts";
import { trashNames } from "./trash-names.ts";
import { listMarked } from "./trash-marks.ts";

/** A fan-out's turn to be walked comes once in so many days. */
const WALK_DAYS = 64;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Listings under way at once: enough to keep the disk busy. */
const LOOKS_AT_ONCE = 16;

/** Trash names that an earlier sweep left behind, in the order of their digests. */
export async function* listTrash(layout: Layout): AsyncGenerator<Trashed> {
  for (const digest of await explaining("list trash", () => findCandidates(layout))) {
    const names = await trashNames(layout, digest);
    if (names.length === 0 || (await findLink(layout, digest)) !== undefined) continue;
    for (const path of names) {
      const stat = await ifPresent(layout.fs.lstat(path));
      if (stat?.kind === "file") yield createTrashed(layout, digest, { path, size: stat.size });
    }
  }
}

/** Blobs with marks, and those with trash that a walk finds, ascending. */
async function findCandidates(layout: Layout): Promise<readonly Digest[]> {
  const candidates = new Set(await listMarked(layout));
  const isToBeWalked = await chooseFanouts(layout);
  for (const fanout of await listFanouts(layout)) {
    if (!isToBeWalked(fanout)) continue;
    for (const digest of await findTrashIn(layout, fanout)) candidates.add(digest);
  }
  return [...candidates].toSorted();
}

/**
 * All fan-outs where marks may be lost because a machine has lost its power since they were made;
 * else a few, others every day: what has no mark for any other reason is found within
 * {@link WALK_DAYS} days, and no sweep pays for more than its share.
 */
async function chooseFanouts(layout: Layout): Promise<(fanout: string) => boolean> {
  if ((await listOtherBoots(layout)).length > 0) return () => true;
  const turn = Math.floor(layout.now() / DAY_MS) % WALK_DAYS;
  return (fanout) => Number.parseInt(fanout, 16) % WALK_DAYS === turn;
}

async function findTrashIn(layout: Layout, fanout: string): Promise<readonly Digest[]> {
  const names = await namesIn(layout.fs, join(layout.paths.sha256, fanout));
  const digests = names
    .map((hex) => (hex.startsWith(fanout) ? digestFromHex(hex) : undefined))
    .filter((digest) => digest !== undefined);
  const found: Digest[] = [];
  for (let start = 0; start < digests.length; start += LOOKS_AT_ONCE) {
    const some = digests.slice(start, start + LOOKS_AT_ONCE);
    const trash = await Promise.all(some.map((digest) => trashNames(layout, digest)));
    found.push(...some.filter((_digest, index) => (trash[index]?.length ?? 0) > 0));
  }
  return found;
}
