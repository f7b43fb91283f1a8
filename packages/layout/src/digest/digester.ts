import { createHash } from "node:crypto";

import type { Digest } from "./digest.ts";

/** SHA-256 over bytes handed in piece by piece, in order. */
export interface Digester {
  update(chunk: Uint8Array): void;
  /** Ends the digester: a further call of either method throws. */
  digest(): Digest;
}

/** node:crypto reaches OpenSSL's rate on one core; no pure or wasm implementation comes near. */
export function createDigester(): Digester {
  const hash = createHash("sha256");
  return {
    update(chunk) {
      hash.update(chunk);
    },
    digest: () => `sha256:${hash.digest("hex")}` as Digest,
  };
}

/** The identity of bytes in memory. */
export function digestBytes(bytes: Uint8Array): Digest {
  const digester = createDigester();
  digester.update(bytes);
  return digester.digest();
}
