import { join } from "node:path";

import type { Trashed } from "../blobs/blob-store.ts";
import { findLink } from "../blobs/inside-store.ts";
import { listFanouts } from "../blobs/list-fanouts.ts";
import { type Digest, digestFromHex } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent, namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { createTrashed, trashNames } from "./trash-blob.ts";
import { listMarked } from "./trash-marks.ts";

/** A fan-out's turn to be walked comes once in so many days. */
const WALK_DAYS = 64;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Trash names that an earlier sweep left behind, in the order of their digests. */
export async function* listTrash(layout: Layout): AsyncGenerator<Trashed> {
  const candidates = new Set(await explaining("list trash", () => listMarked(layout)));
  for await (const digest of walkSome(layout)) candidates.add(digest);
  for (const digest of [...candidates].toSorted()) {
    const names = await trashNames(layout, digest);
    if (names.length === 0 || (await findLink(layout, digest)) !== undefined) continue;
    for (const path of names) {
      const stat = await ifPresent(layout.fs.lstat(path));
      if (stat?.kind === "file") yield createTrashed(layout, digest, path, stat.size);
    }
  }
}

/**
 * All blobs of a few fan-outs, others every day: what a power cut or another tool left without a mark
 * is found within {@link WALK_DAYS} days, and no sweep pays for more than its share.
 */
async function* walkSome(layout: Layout): AsyncGenerator<Digest> {
  const turn = Math.floor(layout.now() / DAY_MS) % WALK_DAYS;
  for (const fanout of await listFanouts(layout)) {
    if (Number.parseInt(fanout, 16) % WALK_DAYS !== turn) continue;
    for (const hex of await namesIn(layout.fs, join(layout.paths.sha256, fanout))) {
      const digest = hex.startsWith(fanout) ? digestFromHex(hex) : undefined;
      if (digest !== undefined) yield digest;
    }
  }
}
