import { type Digest, isDigest, isStoreError, parseDigest } from "@store/layout";

import { digestUnsupported, manifestInvalid, type Origin } from "./manifest-error.ts";

/** Digests that OCI's image specification registers beside SHA-256, whole. */
const OTHERS = /^(?:sha512:[0-9a-f]{128}|sha384:[0-9a-f]{96}|blake3:[0-9a-f]{64})$/;

/**
 * The digest in a field of a linked manifest.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID`; `ERR_STORE_DIGEST_UNSUPPORTED` for a whole one of
 * another algorithm: the document is valid, and what it needs cannot be told
 */
export function decodeDigest(field: string, text: string, origin: Origin): Digest {
  if (isDigest(text)) return text;
  try {
    return parseDigest(text);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_DIGEST_INVALID")) throw error;
    if (OTHERS.test(text)) throw digestUnsupported(field, text, origin);
    throw manifestInvalid([`${field}: ${error.message}`], origin, error);
  }
}
