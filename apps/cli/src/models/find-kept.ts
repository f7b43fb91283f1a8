import { type Digest, StoreError } from "@store/layout";
import { findKept, type Kept, parseName, REF_DEFAULTS } from "@store/manifest";

import type { Store } from "../open-store.ts";
import { modelNotFound } from "./find-model.ts";

/**
 * What a text stands for that is to be kept, or asked about.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`, `ERR_STORE_MANIFEST_NOT_FOUND`, `ERR_STORE_BLOB_NOT_FOUND`
 */
export async function readKept(store: Store, text: string): Promise<Kept> {
  const kept = await findKept(store, text);
  if (kept !== undefined) return kept;
  const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
  throw name === undefined && digest !== undefined ? blobNotFound(digest) : modelNotFound(text);
}

export function blobNotFound(digest: Digest): StoreError {
  return new StoreError(`the store has no blob ${digest}`, {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    hint: "`store show NAME` shows the digests of a model.",
    detail: { digest },
  });
}
