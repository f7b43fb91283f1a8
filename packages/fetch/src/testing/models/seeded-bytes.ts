import { createCipheriv, createHash } from "node:crypto";

const BLOCK_BYTES = 16;

/** An endless stream of bytes that looks random, can be read anywhere, and depends on a seed alone. */
export interface SeededBytes {
  /** @param start a multiple of 16 */
  read(start: number, length: number): Uint8Array;
}

/**
 * AES-128 in counter mode over zeros: as fast as the memory, without state, and its counter makes
 * every offset reachable at once.
 */
export function createSeededBytes(seed: number | string): SeededBytes {
  const key = createHash("sha256").update(String(seed)).digest().subarray(0, BLOCK_BYTES);
  return {
    read(start, length) {
      const counter = Buffer.alloc(BLOCK_BYTES);
      counter.writeBigUInt64BE(BigInt(start / BLOCK_BYTES), BLOCK_BYTES - 8);
      const cipher = createCipheriv("aes-128-ctr", key, counter);
      const bytes = cipher.update(new Uint8Array(length));
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    },
  };
}
