import type { Digest } from "@store/layout";

import { keyBytes, type PackKey } from "../hash/pack-key.ts";

/** Where one entry of a pack lies: what an index row says. */
export interface PackEntry {
  readonly key: PackKey;
  /** Bytes from the start of the `.dat` to the entry, which begins with its key. */
  readonly offset: number;
  /** Bytes of the LZ4 frame. */
  readonly encodedSize: number;
}

/** The same, with the 16 bytes of the key as they lie in the tables and in the entry itself. */
export interface EntryRow {
  readonly key: Uint8Array;
  readonly offset: number;
  readonly encodedSize: number;
}

export function entryRow({ key, offset, encodedSize }: PackEntry): EntryRow {
  return { key: keyBytes(key), offset, encodedSize };
}

/** An entry whose content has been hashed: what a row of the identity sidecar says. */
export interface PackObject extends PackEntry {
  readonly digest: Digest;
  /** Bytes of the content. */
  readonly size: number;
}
