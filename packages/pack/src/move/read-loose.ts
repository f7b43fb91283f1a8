import {
  type AbortOptions,
  type BlobStore,
  type Digest,
  digestBytes,
  isStoreError,
} from "@store/layout";

import type { StayReason } from "./pack-blobs-report.ts";

/** The right bytes of a loose blob, or why it stays. */
export async function readLoose(
  blobs: BlobStore,
  digest: Digest,
  sizeMax: number,
  options: AbortOptions,
): Promise<Uint8Array | StayReason> {
  try {
    const info = await blobs.stat(digest, options);
    if (info === undefined) return "absent";
    if (info.released) return "released";
    if (info.size > sizeMax) return "too-large";
    const bytes = new Uint8Array(info.size);
    let at = 0;
    for await (const chunk of blobs.read(digest, { ...options, end: info.size + 1 })) {
      // Longer than it was a moment ago: whatever that is, it is no blob.
      if (at + chunk.length > bytes.length) return "damaged";
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return at === bytes.length && digestBytes(bytes) === digest ? bytes : "damaged";
  } catch (error) {
    if (!isStoreError(error)) throw error;
    if (error.kind === "corrupt") return "damaged";
    if (error.kind === "not-found") return "absent";
    throw error;
  }
}
