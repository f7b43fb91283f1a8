import { type AbortOptions, type BlobStore, type Digest, isStoreError } from "@store/layout";

/** Whether a blob has a file of its own whose bytes have been hashed. */
export async function isLoose(
  blobs: BlobStore,
  digest: Digest,
  options: AbortOptions,
): Promise<boolean> {
  try {
    return (await blobs.stat(digest, options))?.verified === true;
  } catch (error) {
    if (isStoreError(error) && error.kind === "corrupt") return false;
    throw error;
  }
}
