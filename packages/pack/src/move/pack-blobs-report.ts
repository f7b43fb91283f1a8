import type { Digest } from "@store/layout";

import type { FinishedPack } from "../chkl/pack-writer.ts";

/** Why a blob stays loose. */
export type StayReason =
  /** There is no loose file of it. */
  | "absent"
  /** It is larger than an object of a pack may be. */
  | "too-large"
  /** Its last name was removed: the next sweep takes it. */
  | "released"
  /** The file holds other bytes than its name promises, or cannot be read as a blob. */
  | "damaged"
  /** Another content in the pack has its key. */
  | "collision"
  /** Something began to need the loose file, or took the pack away, while it was being moved. */
  | "needed";

export interface Stay {
  readonly digest: Digest;
  readonly why: StayReason;
}

export interface PackBlobsReport {
  /** Packs written. */
  readonly packs: readonly FinishedPack[];
  /** Blobs whose only copy is in a pack now. */
  readonly moved: readonly Digest[];
  readonly stayed: readonly Stay[];
  /** Bytes of the loose files that went. */
  readonly looseBytes: number;
}

/** One blob has been dealt with. */
export interface PackBlobsEvent {
  readonly kind: "read" | "moved";
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}
