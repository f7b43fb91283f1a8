import type { Digest } from "@store/layout";

/** Why a blob may go: its last name was removed on purpose, or nobody needed it for long enough. */
export type CandidateReason = "released" | "orphan";

export interface GcCandidate {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly reason: CandidateReason;
}

/** Blobs that stay, each counted once, under the first of these reasons that holds. */
export interface KeptCounts {
  /** A name needs it. */
  readonly referenced: number;
  /** A live lease holds it. */
  readonly leased: number;
  readonly pinned: number;
  /** It cannot be judged: what lies under its name is damaged or may not be read. */
  readonly unreadable: number;
  /** It lies in a pack of which too much is needed to be worth rewriting. */
  readonly packed: number;
  /** Sweeps have not seen it unreferenced for the minimum age yet. */
  readonly young: number;
  /** There is no name at all, so orphans are not trusted to be orphans. */
  readonly nameless: number;
}

export interface DanglingReference {
  readonly root: string;
  readonly digest: Digest;
}

export interface PackDrop {
  readonly id: string;
  /** Ascending. */
  readonly drop: readonly Digest[];
}

export interface ExpiredItem {
  readonly kind: string;
  readonly id: string;
  readonly bytes: number;
}

/**
 * What a sweep will do, as data: a dry run prints the very object a real run executes. Every list
 * is sorted and free of duplicates, so equal stores give equal plans byte for byte.
 */
export interface GcPlan {
  readonly version: 1;
  /** `sha256:<hex>` of the canonical JSON of the plan without this field. */
  readonly digest: string;
  /** When the snapshot was begun: wall-clock milliseconds. */
  readonly takenAtMs: number;
  readonly candidates: readonly GcCandidate[];
  readonly kept: KeptCounts;
  /** What names need and the store lacks. A sweep does nothing about it. */
  readonly dangling: readonly DanglingReference[];
  readonly packs: readonly PackDrop[];
  readonly expired: readonly ExpiredItem[];
  /** What an interrupted sweep left in the trash: looked at first, then restored or destroyed. */
  readonly trashed: readonly Digest[];
  /** Blobs whose time as an orphan starts now. */
  readonly newOrphans: readonly Digest[];
  /** Bytes of the candidates and of the expired, before the second look saves any. */
  readonly reclaimBytes: number;
}
