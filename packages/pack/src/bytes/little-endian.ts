// Unsigned little-endian numbers in byte arrays. The caller has checked that the bytes are there,
// which is what each `as number` states.

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** A 64-bit number, or `Infinity` above 2^53 - 1: larger than any size or offset it is compared with. */
export function readU64(bytes: Uint8Array, at: number): number {
  const value = readU32(bytes, at + 4) * 2 ** 32 + readU32(bytes, at);
  return Number.isSafeInteger(value) ? value : Infinity;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value % 2 ** 32);
  writeU32(bytes, at + 4, Math.floor(value / 2 ** 32));
}
