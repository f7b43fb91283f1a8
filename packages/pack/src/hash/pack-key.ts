import { StoreError } from "@store/layout";

import type { Sliced } from "../loop/turns.ts";
import { hashXxh3, hashXxh3Sliced } from "./xxh3.ts";

declare const packKeyBrand: unique symbol;

/**
 * The key of an object in a pack: XXH3-128 of its content, the 16 bytes as they lie on disk
 * (little-endian) in 32 lower-case hex digits. The usual text form of XXH3-128 is the reverse.
 *
 * XXH3 is fast and not collision-resistant: anybody can make two contents with one key. A key
 * finds an object; only a SHA-256 identifies it.
 */
export type PackKey = string & { readonly [packKeyBrand]: true };

/** Bytes of a key on disk. */
export const KEY_BYTES = 16;

const pattern = /^[0-9a-f]{32}$/i;

/**
 * Reads a key from 32 hex digits, in either case.
 *
 * @throws StoreError `ERR_STORE_PACK_KEY_INVALID`
 */
export function parsePackKey(text: string): PackKey {
  if (pattern.test(text)) return text.toLowerCase() as PackKey;
  const shown = text.slice(0, 100);
  throw new StoreError(`not a pack key: ${JSON.stringify(shown)}`, {
    kind: "invalid",
    code: "ERR_STORE_PACK_KEY_INVALID",
    hint: "A pack key is 32 hexadecimal digits.",
    detail: { text: shown },
  });
}

/** The key of a content. */
export function hashPackKey(content: Uint8Array): PackKey {
  return hexOf(hashXxh3(content).toReversed()) as PackKey;
}

/** The same in slices. */
export function* hashPackKeySliced(content: Uint8Array): Sliced<PackKey> {
  return hexOf((yield* hashXxh3Sliced(content)).toReversed()) as PackKey;
}

/** The key stored at an offset. The caller has checked that 16 bytes are there. */
export function decodePackKey(bytes: Uint8Array, offset: number): PackKey {
  return hexOf(bytes.subarray(offset, offset + KEY_BYTES)) as PackKey;
}

/** The 16 bytes of a key. */
export function keyBytes(key: PackKey): Uint8Array {
  return Buffer.from(key, "hex");
}

/** Writes the 16 bytes of a key. */
export function encodePackKey(key: PackKey, target: Uint8Array, offset: number): void {
  target.set(keyBytes(key), offset);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
