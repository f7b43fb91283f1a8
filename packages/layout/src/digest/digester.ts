import { createHash, hash } from "node:crypto";

import type { Digest } from "./digest.ts";

/** SHA-256 over bytes handed in piece by piece, in order. */
export interface Digester {
  update(chunk: Uint8Array): void;
  /** Ends the digester: a further call of either method throws. */
  digest(): Digest;
}

/** node:crypto reaches OpenSSL's rate on one core; no pure or wasm implementation comes near. */
export function createDigester(): Digester {
  const sha256 = createHash("sha256");
  return {
    update(chunk) {
      sha256.update(chunk);
    },
    digest: () => `sha256:${sha256.digest("hex")}` as Digest,
  };
}

/** The identity of bytes in memory. */
export function digestBytes(bytes: Uint8Array): Digest {
  // One call costs half of what an object for it does, and small blobs are many.
  return `sha256:${hash("sha256", bytes)}` as Digest;
}
