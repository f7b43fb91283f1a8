// A Bloom filter over the digests of a pack (Bloom 1970): says quickly that a pack does not hold one.
// A set of a hundred packs asks a hundred of these where it would search a hundred tables.

import { randomInt } from "node:crypto";

import { type Digest, digestHex } from "@store/layout";

import type { Sliced } from "../loop/turns.ts";

/** At 16 bits a digest and 3 probes, one of 200 absent digests is searched for in vain. */
const BITS_PER_DIGEST = 16;
const PROBE_COUNT = 3;

const WORD_COUNT = 8;
const YIELD_EVERY = 8192;

/**
 * Multipliers of a hash over the whole digest, other ones in each process: nobody can prepare
 * digests that fill the filter with one bit.
 */
const MULTIPLIERS: readonly number[] = Array.from(
  { length: 2 * WORD_COUNT },
  () => randomInt(2 ** 31) * 2 + 1,
);

/** A digest as filters and tables look for it. */
export interface Needle {
  /** The 32 bytes. */
  readonly bytes: Uint8Array;
  readonly hash: number;
  readonly step: number;
}

export interface DigestFilter {
  readonly bits: Uint32Array;
  /** The number of bits, a power of two, less one. */
  readonly mask: number;
}

export function createNeedle(digest: Digest): Needle {
  const bytes = Buffer.from(digestHex(digest), "hex");
  return { bytes, hash: hashAt(bytes, 0, 0), step: hashAt(bytes, 0, WORD_COUNT) | 1 };
}

/** Whether a digest may be among those of a filter; `false` is certain. */
export function mayHold({ bits, mask }: DigestFilter, { hash, step }: Needle): boolean {
  let probe = hash;
  for (let count = 0; count < PROBE_COUNT; count++, probe = (probe + step) | 0) {
    const bit = (probe >>> 4) & mask;
    if ((((bits[bit >>> 5] as number) >>> (bit & 31)) & 1) === 0) return false;
  }
  return true;
}

/** A filter of `count` digests, the n-th of which starts at `startOf(n)`. */
export function* createDigestFilter(
  bytes: Uint8Array,
  count: number,
  startOf: (row: number) => number,
): Sliced<DigestFilter> {
  const bitCount = 2 ** Math.ceil(Math.log2(Math.max(32, count * BITS_PER_DIGEST)));
  const bits = new Uint32Array(bitCount / 32);
  const mask = bitCount - 1;
  for (let row = 0; row < count; row++) {
    const at = startOf(row);
    let hash = hashAt(bytes, at, 0);
    const step = hashAt(bytes, at, WORD_COUNT) | 1;
    for (let probe = 0; probe < PROBE_COUNT; probe++, hash = (hash + step) | 0) {
      const bit = (hash >>> 4) & mask;
      (bits[bit >>> 5] as number) |= 1 << (bit & 31);
    }
    if (row % YIELD_EVERY === YIELD_EVERY - 1) yield;
  }
  return { bits, mask };
}

/** Multilinear over the digest's words; the callers have checked that 32 bytes are there. */
function hashAt(bytes: Uint8Array, at: number, from: number): number {
  let hash = 0;
  for (let word = 0; word < WORD_COUNT; word++) {
    const start = at + 4 * word;
    const value =
      (bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16) |
      ((bytes[start + 3] as number) << 24);
    hash = (hash + Math.imul(value, MULTIPLIERS[from + word] as number)) | 0;
  }
  // The low bits of such a sum are weak: fold the high ones in.
  return hash ^ (hash >>> 15);
}
