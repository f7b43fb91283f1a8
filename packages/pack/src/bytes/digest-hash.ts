import { randomInt } from "node:crypto";

import { type Digest, digestHex } from "@store/layout";

const WORD_COUNT = 8;

/**
 * Multipliers of a hash over the whole digest, other ones in each process: nobody can prepare
 * digests that all go to one place of a table.
 */
const MULTIPLIERS: readonly number[] = Array.from(
  { length: WORD_COUNT },
  () => randomInt(2 ** 31) * 2 + 1,
);

/** A digest as tables look for it. */
export interface Needle {
  /** The 32 bytes. */
  readonly bytes: Uint8Array;
  readonly hash: number;
}

export function createNeedle(digest: Digest): Needle {
  const bytes = Buffer.from(digestHex(digest), "hex");
  return { bytes, hash: hashDigest(bytes, 0) };
}

/** An unsigned 32-bit hash of the digest that starts at `at`; the caller has checked it is there. */
export function hashDigest(bytes: Uint8Array, at: number): number {
  // Multilinear (Lemire and Kaser 2014): which digests meet depends on the multipliers alone.
  let hash = 0;
  for (let word = 0; word < WORD_COUNT; word++) {
    const start = at + 4 * word;
    const value =
      (bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16) |
      ((bytes[start + 3] as number) << 24);
    hash = (hash + Math.imul(value, MULTIPLIERS[word] as number)) | 0;
  }
  // The low bits of such a sum are weak: fold the high ones in.
  return (hash ^ (hash >>> 15)) >>> 0;
}
