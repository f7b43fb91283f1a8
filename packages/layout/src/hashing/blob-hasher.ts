import type { Digest } from "../digest/digest.ts";
import { createDigester } from "../digest/digester.ts";
import type { ChunkMap } from "../sidecars/chunk-map.ts";
import { createChunkSummer } from "../sidecars/chunk-summer.ts";

/** What hashing a blob once yields. */
export interface BlobHashes {
  readonly digest: Digest;
  readonly chunks: ChunkMap;
}

/** Identity and chunk map of bytes handed in once, in order, on the calling thread. */
export interface BlobHasher {
  /** Bytes taken so far. */
  readonly taken: number;
  update(bytes: Uint8Array): void;
  /** Ends the hasher. */
  finish(): BlobHashes;
}

export async function createBlobHasher(): Promise<BlobHasher> {
  const digester = createDigester();
  const summer = await createChunkSummer();
  return {
    get taken() {
      return summer.taken;
    },
    update(bytes) {
      digester.update(bytes);
      summer.update(bytes);
    },
    finish: () => ({ digest: digester.digest(), chunks: summer.finish() }),
  };
}
