import { type Digest, StoreError } from "@store/layout";

import type { PackKey } from "../hash/pack-key.ts";
import type { PackId } from "./pack-id.ts";

/** What reading a digest that is nowhere says, in every reader of blobs. */
export function blobNotFound(digest: Digest): StoreError {
  return new StoreError(`no blob ${digest}`, {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    detail: { digest },
  });
}

/** @param pack where it was looked for; in every pack if left out */
export function objectNotFound(key: PackKey, pack?: PackId): StoreError {
  const message = pack === undefined ? `no object ${key}` : `no object ${key} in pack ${pack}`;
  return new StoreError(message, {
    kind: "not-found",
    code: "ERR_STORE_PACK_OBJECT_NOT_FOUND",
    detail: { key, ...(pack === undefined ? {} : { pack }) },
  });
}

export function packNotFound(pack: PackId): StoreError {
  return new StoreError(`no pack ${pack}`, {
    kind: "not-found",
    code: "ERR_STORE_PACK_NOT_FOUND",
    hint: "If its data file is there, `store verify --repair` makes the index anew.",
    detail: { pack },
  });
}
