import { join } from "node:path";

import type { AbortOptions } from "../abort-options.ts";
import { type Digest, digestFromHex } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { listFanouts } from "./list-fanouts.ts";

/**
 * Digests by the names of their directories, ascending: 256 listings whatever the number of blobs,
 * a tenth of what walking into each of them costs. Names that are not digests are not ours to judge.
 */
export async function* listBlobs(
  layout: Layout,
  options: AbortOptions = {},
): AsyncGenerator<Digest> {
  const { fs, paths } = layout;
  for (const fanout of await listFanouts(layout)) {
    options.signal?.throwIfAborted();
    const names = await explaining("list blobs", () => namesIn(fs, join(paths.sha256, fanout)));
    for (const hex of names.toSorted()) {
      const digest = hex.startsWith(fanout) ? digestFromHex(hex) : undefined;
      if (digest !== undefined) yield digest;
    }
  }
}
