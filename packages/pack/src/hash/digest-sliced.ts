import { createDigester, type Digest, digestBytes } from "@store/layout";

import type { Sliced } from "../loop/turns.ts";

/** Bytes between two pauses: two or three milliseconds' work. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** The identity of bytes in memory, found in slices. */
export function* digestSliced(bytes: Uint8Array): Sliced<Digest> {
  if (bytes.length <= SLICE_BYTES) return digestBytes(bytes);
  const digester = createDigester();
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    digester.update(bytes.subarray(start, start + SLICE_BYTES));
    yield;
  }
  return digester.digest();
}
