import type { AbortOptions, Digest, StoreError } from "@store/layout";

import type { PackKey } from "../hash/pack-key.ts";
import type { PackEntry, PackObject } from "./pack-entry.ts";
import type { PackId } from "./pack-id.ts";

/**
 * One pack, its index and its sidecar checked against each other and held in memory. The data file
 * stays open, so an object can be read to its end while the pack is being deleted.
 */
export interface PackReader extends AsyncDisposable {
  readonly id: PackId;
  /** Entries. */
  readonly count: number;
  /** Entries whose SHA-256 the sidecar names; 0 without a sidecar. */
  readonly identifiedCount: number;
  /** Why there is a sidecar that cannot be used. */
  readonly identityError: StoreError | undefined;
  /** Bytes of the `.dat`. */
  readonly size: number;
  /** When the pack was written: wall-clock milliseconds. */
  readonly addedAtMs: number;
  /** The first entry with a key. */
  find(key: PackKey): PackEntry | undefined;
  /** The first entry with a content, if the sidecar names it. */
  findDigest(digest: Digest): PackObject | undefined;
  /**
   * The content of a key, checked by length and SHA-256 where the sidecar names it, else by key.
   *
   * @throws StoreError `ERR_STORE_PACK_OBJECT_NOT_FOUND`, `ERR_STORE_PACK_TRUNCATED`,
   * `ERR_STORE_ENTRY_INVALID`, `ERR_STORE_ENTRY_TOO_LARGE`, `ERR_STORE_FRAME_UNSUPPORTED`
   */
  read(key: PackKey, options?: AbortOptions): Promise<Uint8Array>;
  /**
   * The content of a digest, checked by length and SHA-256.
   *
   * @throws StoreError `ERR_STORE_BLOB_NOT_FOUND`, and as {@link PackReader.read}
   */
  readDigest(digest: Digest, options?: AbortOptions): Promise<Uint8Array>;
  /** The same for an object this reader has named. */
  readObject(object: PackObject, options?: AbortOptions): Promise<Uint8Array>;
  /** The frame of an entry as it lies on disk, header checked, content not. */
  readFrame(entry: PackEntry, options?: AbortOptions): Promise<Uint8Array>;
  /** Every entry, ascending by key. */
  entries(): Iterable<PackEntry>;
  /**
   * Every entry the sidecar names, ascending by SHA-256.
   *
   * @param range only those whose SHA-256 starts with a byte
   */
  objects(range?: { readonly firstByte: number }): Iterable<PackObject>;
}
