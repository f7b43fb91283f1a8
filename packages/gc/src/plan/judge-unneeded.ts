import type { Digest } from "@store/layout";

import type { GcSnapshot, UnneededBlob } from "../snapshot/gc-snapshot.ts";
import type { GcCandidate } from "./gc-plan.ts";
import type { ResolvedPolicy } from "./gc-policy.ts";
import { orphanAgeMs, recordedSinceMs } from "./orphan-age.ts";

/** What becomes of a blob that nothing needs. */
export type Verdict = "released" | "orphan" | "young" | "nameless" | "unreadable";

export function judgeUnneeded(
  blob: UnneededBlob,
  snapshot: Pick<GcSnapshot, "takenAtMs" | "references">,
  policy: ResolvedPolicy,
): Verdict {
  if (!blob.readable) return "unreadable";
  if (blob.released) return "released";
  // A store whose names were all lost, moved or hidden looks exactly like this.
  if (snapshot.references.size === 0 && !policy.allowEmpty) return "nameless";
  return orphanAgeMs(blob, snapshot.takenAtMs) >= policy.minAgeMs ? "orphan" : "young";
}

export interface JudgedBlobs {
  /** Ascending. */
  readonly candidates: readonly GcCandidate[];
  /** Ascending. */
  readonly newOrphans: readonly Digest[];
  readonly kept: { readonly young: number; readonly nameless: number; readonly unreadable: number };
}

export function judgeAll(snapshot: GcSnapshot, policy: ResolvedPolicy): JudgedBlobs {
  const candidates: GcCandidate[] = [];
  const newOrphans: Digest[] = [];
  const kept = { young: 0, nameless: 0, unreadable: 0 };
  for (const blob of snapshot.unneeded) {
    const verdict = judgeUnneeded(blob, snapshot, policy);
    if (verdict === "released" || verdict === "orphan") {
      candidates.push({ digest: blob.digest, size: blob.size, reason: verdict });
      continue;
    }
    kept[verdict] += 1;
    const recorded = recordedSinceMs(blob, snapshot.takenAtMs);
    if (verdict !== "nameless" && recorded === undefined) newOrphans.push(blob.digest);
  }
  return { candidates, newOrphans, kept };
}
