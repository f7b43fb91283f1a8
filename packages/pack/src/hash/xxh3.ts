// The one place that uses hash-wasm: XXH3-128, which xxhash-wasm does not have.
//
// The module is compiled while this file loads, so that hashing itself needs no promise.

import { createXXHash128 } from "hash-wasm";

import type { Sliced } from "../loop/turns.ts";

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

/** Bytes between two pauses: about a millisecond's work. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** The same in slices. */
export function* hashXxh3Sliced(bytes: Uint8Array): Sliced<Uint8Array> {
  if (bytes.length <= SLICE_BYTES) return hashXxh3(bytes);
  single.init().update(bytes.subarray(0, SLICE_BYTES));
  for (let start = SLICE_BYTES; start < bytes.length; start += SLICE_BYTES) {
    // Others may use it during the pause.
    const state = single.save();
    yield;
    single.load(state).update(bytes.subarray(start, start + SLICE_BYTES));
  }
  return single.digest("binary");
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
