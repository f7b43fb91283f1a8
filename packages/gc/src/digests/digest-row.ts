import type { Digest } from "@store/layout";

/** 32-bit words of a SHA-256, the first one most significant: their order is that of the text. */
export const ROW_WORDS = 8;

const PREFIX = "sha256:";
const WORD_DIGITS = 8;

const values = new Uint8Array(128);
for (let value = 0; value < 16; value++) values[value.toString(16).charCodeAt(0)] = value;

/** A digest is lower-case hex digits by construction, so the look-up hits. */
const valueAt = (digest: Digest, at: number): number => values[digest.charCodeAt(at)] as number;

/** Writes the words of a digest at an offset. */
export function writeRow(digest: Digest, into: Uint32Array, offset: number): void {
  let at = PREFIX.length;
  for (let word = 0; word < ROW_WORDS; word++) {
    // Written out: a sweep comes by here for every blob and every reference.
    into[offset + word] =
      (valueAt(digest, at) << 28) |
      (valueAt(digest, at + 1) << 24) |
      (valueAt(digest, at + 2) << 20) |
      (valueAt(digest, at + 3) << 16) |
      (valueAt(digest, at + 4) << 12) |
      (valueAt(digest, at + 5) << 8) |
      (valueAt(digest, at + 6) << 4) |
      valueAt(digest, at + 7);
    at += WORD_DIGITS;
  }
}

/** Where the text of a digest is put together: one flat string each, nothing to be joined later. */
const text: Buffer = Buffer.from(PREFIX.padEnd(PREFIX.length + ROW_WORDS * WORD_DIGITS, "0"));
const digits: Buffer = Buffer.from("0123456789abcdef");

/** The digest whose words lie at an offset. */
export function readRow(rows: Uint32Array, offset: number): Digest {
  let char = PREFIX.length;
  for (let at = 0; at < ROW_WORDS; at++) {
    const word = rows[offset + at] as number;
    for (let shift = 28; shift >= 0; shift -= 4) {
      text[char++] = digits[(word >>> shift) & 15] as number;
    }
  }
  // The prefix and 64 digits of the table above: a digest, whatever the words are.
  return text.toString("latin1") as Digest;
}

/** Order of two rows, which is the order of their digests as text. */
export function compareRows(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let at = 0; at < ROW_WORDS; at++) {
    const wordA = a[atA + at] as number;
    const wordB = b[atB + at] as number;
    if (wordA !== wordB) return wordA < wordB ? -1 : 1;
  }
  return 0;
}
