import type { AbortOptions, BlobReader, Digest, Finding } from "@store/layout";

import type { PackObject } from "../chkl/pack-entry.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { PackReader } from "../chkl/pack-reader.ts";
import type { PackKey } from "../hash/pack-key.ts";

/**
 * All packs of a directory as one reader of blobs. Objects of packs with an identity sidecar are
 * found by digest; all others by key. A pack that cannot be opened hides no other: it is reported
 * by {@link PackSet.problems}.
 *
 * `stat` and `locate` ask the disk whether the pack still exists before they answer from memory,
 * because a sweep removes a pack by moving its index away. `list` looks at the directory first.
 */
export interface PackSet extends BlobReader, AsyncDisposable {
  /** The first entry with a content and the pack it is in, as the last look at the disk left it. */
  find(digest: Digest): (PackObject & { readonly pack: PackId }) | undefined;
  /**
   * The content of a key, from the first pack that can give it.
   *
   * @throws StoreError `ERR_STORE_PACK_OBJECT_NOT_FOUND`, or what the first pack that holds it said
   */
  readKey(key: PackKey, options?: AbortOptions): Promise<Uint8Array>;
  /** Looks at the directory again: new packs appear, deleted ones go, repaired ones come back. */
  refresh(options?: AbortOptions): Promise<void>;
  /** The packs that could be opened, ascending by id. */
  packs(): readonly PackReader[];
  /** Why other packs, or sidecars, could not be used, ascending by pack id. */
  problems(): readonly Finding[];
}
