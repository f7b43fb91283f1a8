import {
  type AbortOptions,
  type BlobReader,
  type Digest,
  digestBytes,
  isStoreError,
  StoreError,
} from "@store/layout";

import { manifestTooLarge } from "../document/manifest-error.ts";
import { MANIFEST_BYTES_MAX } from "../document/manifest-json.ts";

/**
 * The whole of a blob that should be a manifest, `undefined` if it is not there. The bytes are
 * hashed: what a name is given must be what its digest says.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_TOO_LARGE`, `ERR_STORE_BLOB_DIGEST_MISMATCH`
 */
export async function readManifestBlob(
  blobs: Pick<BlobReader, "stat" | "read">,
  digest: Digest,
  options: AbortOptions = {},
): Promise<Uint8Array | undefined> {
  const info = await blobs.stat(digest, options);
  if (info === undefined) return undefined;
  const path = `blob ${digest}`;
  if (info.size > MANIFEST_BYTES_MAX)
    throw manifestTooLarge(info.size, MANIFEST_BYTES_MAX, { path });
  const chunks: Uint8Array[] = [];
  try {
    // One byte more than `stat` said is enough to tell that the blob is not what it was.
    const end = info.size + 1;
    for await (const chunk of blobs.read(digest, { ...options, start: 0, end })) {
      chunks.push(chunk.slice());
    }
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_BLOB_NOT_FOUND")) return undefined;
    throw error;
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const actual = digestBytes(bytes);
  if (actual === digest) return bytes;
  throw new StoreError(`blob ${digest} holds other bytes: ${actual}`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    hint: `Run \`store repair ${digest}\`.`,
    detail: { expected: digest, actual },
  });
}
