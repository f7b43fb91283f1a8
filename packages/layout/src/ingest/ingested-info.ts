import type { BlobInfo } from "../blobs/blob-reader.ts";
import type { FoundBlob } from "../blobs/find-blob.ts";
import type { Digest } from "../digest/digest.ts";

/** What a blob is that was just checked and made durable. */
export function ingestedInfo(digest: Digest, { stat }: FoundBlob): BlobInfo {
  return {
    digest,
    size: stat.size,
    addedAtMs: stat.mtimeMs,
    verified: true,
    released: false,
    where: "loose",
  };
}
