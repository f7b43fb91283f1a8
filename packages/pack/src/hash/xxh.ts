// The one place that uses xxhash-wasm: XXH32 for the checksums of LZ4 frames, XXH64 for `.ids`.
//
// The module is compiled while this file loads, so that hashing itself needs no promise.

import xxhash from "xxhash-wasm";

import type { Sliced } from "../loop/turns.ts";

const api = await xxhash();

/**
 * Largest piece handed over at once, in bytes. The library copies its input into a memory of its
 * own that only ever grows; small pieces keep it small, stay in the processor's cache, and are
 * the faster way too.
 */
const PIECE_BYTES_MAX = 64 * 1024;

/** XXH32 (seed 0), as an unsigned number. */
export function xxh32(bytes: Uint8Array): number {
  if (bytes.length <= PIECE_BYTES_MAX) return api.h32Raw(bytes);
  const hash = api.create32();
  for (const piece of piecesOf(bytes)) hash.update(piece);
  return hash.digest();
}

/** XXH64 (seed 0). */
export function xxh64(bytes: Uint8Array): bigint {
  if (bytes.length <= PIECE_BYTES_MAX) return api.h64Raw(bytes);
  const hash = api.create64();
  for (const piece of piecesOf(bytes)) hash.update(piece);
  return hash.digest();
}

/** Bytes between two pauses: under a millisecond's work. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** XXH32 (seed 0), in slices. */
export function* xxh32Sliced(bytes: Uint8Array): Sliced<number> {
  if (bytes.length <= SLICE_BYTES) return xxh32(bytes);
  const hash = api.create32();
  yield* updateSliced(hash, bytes);
  return hash.digest();
}

/** XXH64 (seed 0), in slices. */
export function* xxh64Sliced(bytes: Uint8Array): Sliced<bigint> {
  if (bytes.length <= SLICE_BYTES) return xxh64(bytes);
  const hash = api.create64();
  yield* updateSliced(hash, bytes);
  return hash.digest();
}

function* updateSliced(
  hash: { update(bytes: Uint8Array): unknown },
  bytes: Uint8Array,
): Sliced<void> {
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    for (const piece of piecesOf(bytes.subarray(start, start + SLICE_BYTES))) hash.update(piece);
    yield;
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES_MAX) {
    yield bytes.subarray(start, start + PIECE_BYTES_MAX);
  }
}
