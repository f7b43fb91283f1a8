import type { Digest } from "@store/layout";

import type { PackObject } from "../chkl/pack-entry.ts";
import type { PackId } from "../chkl/pack-id.ts";

/** What planning needs to know of a pack. */
export interface PackInfo {
  readonly id: PackId;
  /** Bytes of the `.dat`. */
  readonly size: number;
  /** Entries, with and without a known identity. */
  readonly count: number;
  /** Entries whose identity is known. */
  readonly objects: readonly PackObject[];
}

export interface RepackPolicy {
  /** A pack whose live share of bytes is below this (0 to 1) is rewritten. */
  readonly liveShareMin: number;
  /** Packs smaller than this many bytes are merged, once there are two. 0 merges none. */
  readonly mergeBelowBytes: number;
  /** Largest new pack, in bytes of its `.dat`. At least twice `mergeBelowBytes`. */
  readonly packBytesMax: number;
}

/** One object to copy, frame by frame, and where from. */
export interface RepackSource extends PackObject {
  readonly pack: PackId;
}

/** A pure decision over packs: data that can be printed, compared and stored. */
export interface RepackPlan {
  readonly version: 1;
  /** Packs to write, each with its objects in order. */
  readonly writes: readonly { readonly objects: readonly RepackSource[] }[];
  /** Packs to delete once `writes` are visible and every live object was seen elsewhere. */
  readonly deletes: readonly PackId[];
  /** Live digests of the deleted packs that no write carries because a kept pack holds them. */
  readonly relied: readonly { readonly digest: Digest; readonly pack: PackId }[];
  /** Packs left alone. */
  readonly keeps: readonly PackId[];
  /** Bytes of the deleted packs less those of the written ones. */
  readonly reclaimBytes: number;
}
