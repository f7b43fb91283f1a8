import type { Digest } from "@store/layout";

import type { GcSnapshot } from "../snapshot/gc-snapshot.ts";
import type { GcPlan } from "./gc-plan.ts";
import { recordedSinceMs } from "./orphan-age.ts";

/**
 * What the next sweep is to know: every orphan that is left with the time it was first seen, in
 * ascending order. A blob that is needed again is not in it, so its time starts afresh.
 *
 * @param settled blobs that are no orphans any more: destroyed, or needed at the second look
 */
export function* nextOrphans(
  snapshot: GcSnapshot,
  plan: Pick<GcPlan, "kept">,
  settled: ReadonlySet<Digest>,
): Generator<readonly [Digest, number]> {
  // Without any name nothing is known to be an orphan.
  if (plan.kept.nameless > 0) return;
  for (const blob of snapshot.unneeded) {
    if (blob.released || settled.has(blob.digest)) continue;
    yield [blob.digest, recordedSinceMs(blob, snapshot.takenAtMs) ?? snapshot.takenAtMs];
  }
}
