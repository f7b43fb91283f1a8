import { join } from "node:path";

import type { AbortOptions } from "../abort-options.ts";
import { type Digest, digestFromHex } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { listFanouts } from "./list-fanouts.ts";

/** Listings asked for before their turn, so that one is read while another is looked through. */
const LISTINGS_AHEAD = 4;

/**
 * Digests by the names of their directories, ascending: 256 listings whatever the number of blobs,
 * a tenth of what walking into each of them costs. Names that are not digests are not ours to judge.
 */
export async function* listBlobs(
  layout: Layout,
  options: AbortOptions = {},
): AsyncGenerator<Digest> {
  const fanouts = await listFanouts(layout);
  const ahead: Promise<readonly string[]>[] = [];
  for (const [index, fanout] of fanouts.entries()) {
    options.signal?.throwIfAborted();
    for (const next of fanouts.slice(index + ahead.length, index + LISTINGS_AHEAD)) {
      const listing = explaining("list blobs", () =>
        namesIn(layout.fs, join(layout.paths.sha256, next)),
      );
      // Whoever stops listening before its turn does not hear of its failure.
      listing.catch(() => {});
      ahead.push(listing);
    }
    const names = (await ahead.shift()) ?? [];
    for (const hex of names.toSorted()) {
      const digest = hex.startsWith(fanout) ? digestFromHex(hex) : undefined;
      if (digest !== undefined) yield digest;
    }
  }
}
