// The one place that uses hash-wasm: XXH3-128, which xxhash-wasm does not have.
//
// The module is compiled while this file loads, so that hashing itself needs no promise.

import { createXXHash128 } from "hash-wasm";

/** XXH3-128 (seed 0) over bytes handed in piece by piece, in order. */
export interface Xxh3 {
  update(chunk: Uint8Array): void;
  /** The 16 bytes in canonical, big-endian order. Ends the hash. */
  digest(): Uint8Array;
}

const single = await createXXHash128();

/** XXH3-128 of bytes in memory, in canonical, big-endian order. */
export function hashXxh3(bytes: Uint8Array): Uint8Array {
  // Safe to share: nothing can run between the three calls.
  return single.init().update(bytes).digest("binary");
}

/** A hash of its own, for a stream. */
export async function createXxh3(): Promise<Xxh3> {
  const hasher = await createXXHash128();
  return {
    update(chunk) {
      hasher.update(chunk);
    },
    digest: () => hasher.digest("binary"),
  };
}
