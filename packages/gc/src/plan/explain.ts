import type { Digest } from "@store/layout";

import type { GcSnapshot } from "../snapshot/gc-snapshot.ts";
import { type GcPolicy, resolvePolicy } from "./gc-policy.ts";
import { judgeUnneeded, type Verdict } from "./judge-unneeded.ts";
import { orphanAgeMs } from "./orphan-age.ts";

export interface Explanation {
  readonly digest: Digest;
  /**
   * The first of these that holds: `absent`, `trashed` (an interrupted sweep left it there),
   * `referenced`, `leased`, `pinned`, or what a plan says of a blob that nothing needs.
   * `released` and `orphan` go with the next sweep, everything else stays.
   */
  readonly verdict: "absent" | "trashed" | "referenced" | "leased" | "pinned" | Verdict;
  /** Names that need it, sorted. */
  readonly roots: readonly string[];
  /** Live leases that hold it. */
  readonly leases: readonly { readonly id: string; readonly reason: string }[];
  /** Pins that hold it. */
  readonly pins: readonly { readonly subject: string; readonly reason: string }[];
  /** How long it has certainly been an orphan; `undefined` for anything else. */
  readonly orphanAgeMs: number | undefined;
}

/** Why a blob is kept, or will go. Pure. A pack that is not worth rewriting may keep it longer. */
export function explain(snapshot: GcSnapshot, digest: Digest, policy: GcPolicy = {}): Explanation {
  const roots = snapshot.references.rootsOf(digest);
  const leases = snapshot.leases
    .filter((lease) => lease.digests.includes(digest))
    .map(({ id, reason }) => ({ id, reason }));
  const pins = snapshot.pins
    .filter((pin) => pin.digests.includes(digest))
    .map(({ subject, reason }) => ({ subject, reason }));
  const blob = snapshot.unneeded.find(digest);

  function judge(): Explanation["verdict"] {
    if (snapshot.trashed.includes(digest)) return "trashed";
    if (blob !== undefined) return judgeUnneeded(blob, snapshot, resolvePolicy(policy));
    if (!snapshot.blobs.has(digest)) return "absent";
    if (roots.length > 0) return "referenced";
    if (leases.length > 0) return "leased";
    return pins.length > 0 ? "pinned" : "absent";
  }

  return {
    digest,
    verdict: judge(),
    roots,
    leases,
    pins,
    orphanAgeMs: blob?.readable === true ? orphanAgeMs(blob, snapshot.takenAtMs) : undefined,
  };
}
