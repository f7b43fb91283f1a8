import {
  type AbortOptions,
  type BlobInfo,
  createDigester,
  type Digest,
  isStoreError,
  StoreError,
} from "@store/layout";

import { createSharedWork } from "./shared-work.ts";
import type { StorePorts } from "./store-ports.ts";

/**
 * Blobs remembered as proven. A few times the largest store seen; past it the oldest is forgotten,
 * which costs one more hashing where the store itself keeps no record.
 */
const PROVEN_MAX = 10_000;

export interface BlobProver {
  /**
   * A blob whose bytes are known to be those of its digest; `undefined` if there is none.
   *
   * A blob that the store has not hashed is hashed before its first byte is sent, and one whose
   * size or time changed since this daemon first saw it is hashed again. Callers that ask for the
   * same blob share one reading of it.
   *
   * @throws StoreError of kind `corrupt` if the bytes are wrong; the store then keeps them in
   * quarantine if it could hash them itself
   */
  find(digest: Digest, options: { readonly signal: AbortSignal }): Promise<BlobInfo | undefined>;
}

export function createBlobProver(blobs: StorePorts["blobs"]): BlobProver {
  const proven = new Map<Digest, string>();
  const work = createSharedWork<Digest, BlobInfo | undefined>();

  function remember(info: BlobInfo): BlobInfo {
    proven.delete(info.digest);
    proven.set(info.digest, markOf(info));
    const [oldest] = proven.keys();
    if (proven.size > PROVEN_MAX && oldest !== undefined) proven.delete(oldest);
    return info;
  }

  return {
    async find(digest, { signal }) {
      const { info, damage } = await look(blobs, digest, { signal });
      if (info === undefined && damage === undefined) return undefined;
      const mark = info === undefined ? undefined : markOf(info);
      const known = proven.get(digest);
      if (info !== undefined && (known === mark || (info.verified && known === undefined))) {
        return remember(info);
      }
      const proof = await work.join(digest, signal, (shared) =>
        info?.verified === true ? hashAgain(blobs, info, shared) : prove(blobs, digest, shared),
      );
      if (proof !== undefined) return remember(proof);
      throw damage ?? wrongBytes(digest);
    },
  };
}

/** Size and time of one file of a blob: another file, or a changed one, has another mark. */
function markOf({ size, addedAtMs }: BlobInfo): string {
  return `${size} ${addedAtMs}`;
}

interface Look {
  readonly info?: BlobInfo | undefined;
  /** Of a kind that is plain to see: an empty file, no file at all. */
  readonly damage?: StoreError;
}

async function look(
  blobs: StorePorts["blobs"],
  digest: Digest,
  options: AbortOptions,
): Promise<Look> {
  try {
    return { info: await blobs.stat(digest, options) };
  } catch (error) {
    if (!isStoreError(error) || error.kind !== "corrupt") throw error;
    return { damage: error };
  }
}

async function prove(
  blobs: StorePorts["blobs"],
  digest: Digest,
  signal: AbortSignal,
): Promise<BlobInfo | undefined> {
  try {
    return await blobs.ensureVerified(digest, { signal });
  } catch (error) {
    // Only bytes that are wrong are written about; a store we cannot write to keeps them in place.
    if (isStoreError(error, "ERR_STORE_READ_ONLY")) throw wrongBytes(digest, error);
    if (isStoreError(error, "ERR_STORE_VERSION_UNSUPPORTED")) throw wrongBytes(digest, error);
    if (isStoreError(error, "ERR_STORE_FORMAT_UNREADABLE")) throw wrongBytes(digest, error);
    throw error;
  }
}

/** The store vouches for these bytes, but something has touched them since: see for ourselves. */
async function hashAgain(
  blobs: StorePorts["blobs"],
  info: BlobInfo,
  signal: AbortSignal,
): Promise<BlobInfo> {
  const digester = createDigester();
  for await (const chunk of blobs.read(info.digest, { signal })) digester.update(chunk);
  if (digester.digest() !== info.digest) throw wrongBytes(info.digest);
  return info;
}

function wrongBytes(digest: Digest, cause?: unknown): StoreError {
  return new StoreError(`the bytes stored as ${digest} are not those of the digest`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    hint: "Pull the model that names it again.",
    detail: { expected: digest },
    cause,
  });
}
