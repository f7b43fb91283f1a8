import { digestBytes, type Digest } from "@store/layout";

/** A digest for a label: equal labels, equal digests. */
export function digestOf(label: string | number): Digest {
  return digestBytes(new TextEncoder().encode(String(label)));
}

/** The digests of some one-letter labels, renamed so that their order is that of the labels. */
export function orderedDigest(letter: string): Digest {
  const hex = letter.codePointAt(0)?.toString(16) ?? "00";
  return digestOfHex(hex.padEnd(64, "0"));
}

export function digestOfHex(hex: string): Digest {
  return `sha256:${hex}` as Digest;
}
