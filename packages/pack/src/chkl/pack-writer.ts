import type { AbortOptions, Digest } from "@store/layout";

import type { PackKey } from "../hash/pack-key.ts";
import type { PackObject } from "./pack-entry.ts";
import type { PackId } from "./pack-id.ts";

/** What a content is: by these two alone it can be trusted. */
export interface ContentIdentity {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** What became of an object offered to a pack. */
export type AddOutcome =
  /** It is in. */
  | { readonly status: "added"; readonly object: PackObject }
  /** This very content was in already. */
  | { readonly status: "present"; readonly object: PackObject }
  /**
   * It is not in: other content holds its key, and a pack finds by key. Keep it loose, or offer it
   * to another pack.
   */
  | {
      readonly status: "collision";
      readonly key: PackKey;
      readonly digest: Digest;
      readonly held: PackObject;
    };

/** A pack that exists now. */
export interface FinishedPack {
  readonly id: PackId;
  /** Entries. */
  readonly count: number;
  /** Bytes of the `.dat`. */
  readonly size: number;
  /** Whether a pack with the same bytes was there already; it was left as it is. */
  readonly existed: boolean;
}

/**
 * One pack being written. Nothing is visible until {@link PackWriter.finish} returns, and the
 * content is streamed to disk, never held. Calls may overlap; they take effect in call order.
 * Disposing an unfinished writer aborts it.
 */
export interface PackWriter extends AsyncDisposable {
  /** Entries so far. */
  readonly count: number;
  /** Bytes of the `.dat` so far. */
  readonly size: number;
  /**
   * Compresses and appends one object, once per content. The bytes must not change until the
   * promise resolves.
   *
   * @throws StoreError `ERR_STORE_ENTRY_TOO_LARGE`, `ERR_STORE_PACK_FULL`
   */
  add(content: Uint8Array): Promise<AddOutcome>;
  /**
   * Appends a frame as it is, again if it is in already. The frame is decoded and its content
   * checked against `key` and, if given, against `identity` first.
   *
   * @throws StoreError `ERR_STORE_ENTRY_INVALID`, `ERR_STORE_FRAME_INVALID`,
   * `ERR_STORE_FRAME_UNSUPPORTED`, `ERR_STORE_ENTRY_TOO_LARGE`, `ERR_STORE_PACK_FULL`
   */
  addFrame(key: PackKey, frame: Uint8Array, identity?: ContentIdentity): Promise<AddOutcome>;
  /**
   * Makes everything durable and gives the three files their names, the index last (INV-6). An
   * abort counts until the first name is given, and drops the pack.
   *
   * @throws StoreError `ERR_STORE_PACK_EMPTY`; `ERR_STORE_PACK_CONFLICT` if files of that name hold
   * other bytes
   */
  finish(options?: AbortOptions): Promise<FinishedPack>;
  /** Drops everything. Does nothing after `finish`. */
  abort(): Promise<void>;
}
