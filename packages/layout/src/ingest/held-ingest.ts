import type { BlobInfo } from "../blobs/blob-reader.ts";
import type { Ingest } from "../blobs/blob-store.ts";

/** The ingest of a blob that is there already: nothing is missing, and nothing written is kept. */
export function heldIngest(info: BlobInfo): Ingest {
  return {
    size: info.size,
    restarted: false,
    missing: () => [],
    writeAt: async () => {},
    hashedBytes: () => info.size,
    checkpoint: async () => {},
    commit: async () => info,
    discard: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
