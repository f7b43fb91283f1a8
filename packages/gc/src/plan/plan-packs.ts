import type { Digest } from "@store/layout";

import type { GcPack } from "../ports.ts";
import type { GcCandidate, PackDrop } from "./gc-plan.ts";
import type { ResolvedPolicy } from "./gc-policy.ts";

export interface PackPlan {
  /** Those that really go: in no pack that stays as it is. */
  readonly candidates: readonly GcCandidate[];
  readonly packs: readonly PackDrop[];
  /** Blobs that stay because their pack is not worth rewriting. */
  readonly keptPacked: number;
}

/** Splits candidates by whether the packs that hold them are worth rewriting without them. */
export function planPacks(
  packs: readonly GcPack[],
  candidates: readonly GcCandidate[],
  policy: Pick<ResolvedPolicy, "packLiveShareMax">,
): PackPlan {
  if (packs.length === 0) return { candidates, packs: [], keptPacked: 0 };
  const dead = new Set(candidates.map(({ digest }) => digest));
  const stuck = new Set<Digest>();
  const worthwhile: GcPack[] = [];
  for (const pack of packs) {
    const held = new Set(pack.digests);
    const going = [...held].filter((digest) => dead.has(digest));
    const liveShare = 1 - going.length / held.size;
    if (going.length > 0 && liveShare <= policy.packLiveShareMax) worthwhile.push(pack);
    else for (const digest of going) stuck.add(digest);
  }
  const drops = worthwhile.map(({ id, digests }) => ({
    id,
    drop: [...new Set(digests)].filter((digest) => dead.has(digest) && !stuck.has(digest)).sort(),
  }));
  return {
    candidates: candidates.filter(({ digest }) => !stuck.has(digest)),
    packs: drops.filter(({ drop }) => drop.length > 0).sort((a, b) => (a.id < b.id ? -1 : 1)),
    keptPacked: stuck.size,
  };
}
