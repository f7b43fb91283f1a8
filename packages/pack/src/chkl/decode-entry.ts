import { type Digest, digestBytes, isStoreError, StoreError } from "@store/layout";

import { digestSliced } from "../hash/digest-sliced.ts";
import { hashPackKey, hashPackKeySliced, type PackKey } from "../hash/pack-key.ts";
import type { Sliced } from "../loop/turns.ts";
import { decodeFrame, type DecodeFrameOptions, decodeFrameSliced } from "../lz4/frame-decoder.ts";
import { packCorrupt, type PackPlace } from "./pack-error.ts";

/** What an entry must turn out to be. At least one of `key` and `identity` is checked. */
export interface EntryExpectation {
  readonly key?: PackKey | undefined;
  readonly identity?: { readonly digest: Digest; readonly size: number } | undefined;
}

/**
 * Decodes the frame of an entry and checks its content: length first, then SHA-256, then key. A
 * slice is a block of 4 MiB at most, or the hash of as much.
 *
 * @throws StoreError `ERR_STORE_ENTRY_INVALID`, `ERR_STORE_ENTRY_TOO_LARGE`,
 * `ERR_STORE_FRAME_UNSUPPORTED`
 */
export function* decodeEntry(
  frame: Uint8Array,
  expected: EntryExpectation,
  sizeMax: number,
  place: PackPlace,
): Sliced<Uint8Array> {
  const options = frameOptions(expected, sizeMax, place);
  let content: Uint8Array;
  try {
    content = yield* decodeFrameSliced(frame, options);
  } catch (error) {
    throw placed(error, sizeMax, place);
  }
  const { key, identity } = expected;
  if (identity !== undefined) checkDigest(yield* digestSliced(content), identity.digest, place);
  if (key !== undefined) checkKey(yield* hashPackKeySliced(content), key, place);
  return content;
}

/** The same in one go, for little content: there the slices cost as much as what is cut. */
export function decodeEntryNow(
  frame: Uint8Array,
  expected: EntryExpectation,
  sizeMax: number,
  place: PackPlace,
): Uint8Array {
  const options = frameOptions(expected, sizeMax, place);
  let content: Uint8Array;
  try {
    content = decodeFrame(frame, options);
  } catch (error) {
    throw placed(error, sizeMax, place);
  }
  const { key, identity } = expected;
  if (identity !== undefined) checkDigest(digestBytes(content), identity.digest, place);
  if (key !== undefined) checkKey(hashPackKey(content), key, place);
  return content;
}

function frameOptions(
  { identity }: EntryExpectation,
  sizeMax: number,
  place: PackPlace,
): DecodeFrameOptions {
  if (identity !== undefined && identity.size > sizeMax) {
    throw entryTooLarge(identity.size, sizeMax, place);
  }
  return { sizeMax, exactSize: identity?.size };
}

function checkDigest(actual: Digest, expected: Digest, place: PackPlace): void {
  if (actual === expected) return;
  const message = `the content at byte ${place.offset} is ${actual}, expected ${expected}`;
  throw packCorrupt("ERR_STORE_ENTRY_INVALID", { ...place, expected, actual }, message);
}

function checkKey(actual: PackKey, expected: PackKey, place: PackPlace): void {
  if (actual === expected) return;
  const message = `the content at byte ${place.offset} has the key ${actual}, expected ${expected}`;
  throw packCorrupt("ERR_STORE_ENTRY_INVALID", { ...place, expected, actual }, message);
}

/** @param size bytes, where known */
export function entryTooLarge(
  size: number | undefined,
  limit: number,
  place?: PackPlace,
): StoreError {
  const shown = size === undefined ? "an object has" : `an object of ${size} bytes has`;
  const where = place === undefined ? "" : `pack ${place.pack}: `;
  return new StoreError(`${where}${shown} more than the ${limit} bytes accepted`, {
    kind: "invalid",
    code: "ERR_STORE_ENTRY_TOO_LARGE",
    hint: "Keep large objects loose, or raise `entryBytesMax`.",
    detail: { ...place, ...(size === undefined ? {} : { size }), limit },
  });
}

/** Adds to an error about a frame which entry of which pack it is about. */
function placed(error: unknown, sizeMax: number, place: PackPlace): unknown {
  if (!isStoreError(error)) return error;
  const { what } = error.detail;
  if (what === "too-large") return entryTooLarge(undefined, sizeMax, place);
  const message = `the entry at byte ${place.offset}: ${error.message}`;
  if (error.kind === "corrupt") {
    return packCorrupt("ERR_STORE_ENTRY_INVALID", { ...place, what }, message, { cause: error });
  }
  return new StoreError(`pack ${place.pack}: ${message}`, {
    kind: error.kind,
    code: error.code,
    hint: error.hint,
    detail: { ...place, what },
    cause: error,
  });
}
