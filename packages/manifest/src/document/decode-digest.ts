import { type Digest, isDigest, isStoreError, parseDigest } from "@store/layout";

import { digestUnsupported, manifestInvalid, type Origin } from "./manifest-error.ts";

/** Digests that OCI's image specification registers beside SHA-256, whole. */
const OTHERS = /^(?:sha512:[0-9a-f]{128}|sha384:[0-9a-f]{96}|blake3:[0-9a-f]{64})$/;

/** @param index of one in a list */
export function formatField(field: string, index: number | undefined): string {
  return index === undefined ? field : `${field}.${index}`;
}

/**
 * The digest in a field of a linked manifest.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID`; `ERR_STORE_DIGEST_UNSUPPORTED` for a whole one of
 * another algorithm: the document is valid, and what it needs cannot be told
 */
export function decodeDigest(text: string, origin: Origin, field: string, index?: number): Digest {
  if (isDigest(text)) return text;
  const called = formatField(field, index);
  try {
    return parseDigest(text);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_DIGEST_INVALID")) throw error;
    if (OTHERS.test(text)) throw digestUnsupported(called, text, origin);
    throw manifestInvalid([`${called}: ${error.message}`], origin, error);
  }
}
