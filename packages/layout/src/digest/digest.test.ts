import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isStoreError } from "../errors/store-error.ts";
import { digestBytes } from "./digester.ts";
import { digestFromHex, digestHex, EMPTY_DIGEST, isDigest, parseDigest } from "./digest.ts";

const HEX = "0123456789abcdef".repeat(4);
const CANONICAL = `sha256:${HEX}`;

const MALFORMED: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["the prefix alone", "sha256:"],
  ["the other prefix alone", "sha256-"],
  ["the algorithm alone", "sha256"],
  ["hex alone", HEX],
  ["one digit", "sha256:a"],
  ["three digits", "sha256:abc"],
  ["63 digits", `sha256:${HEX.slice(1)}`],
  ["65 digits", `${CANONICAL}0`],
  ["128 digits", `sha256:${HEX}${HEX}`],
  ["a letter that is no digit", `sha256:g${HEX.slice(1)}`],
  ["a capital letter that is no digit", `sha256:${HEX.slice(1)}G`],
  ["the letter o for a zero", `sha256:o${HEX.slice(1)}`],
  ["a 0x prefix", `sha256:0x${HEX.slice(2)}`],
  ["a sign", `sha256:+${HEX.slice(1)}`],
  ["an algorithm in upper case", `SHA256:${HEX}`],
  ["an algorithm in mixed case", `Sha256:${HEX}`],
  ["sha512", `sha512:${HEX}${HEX}`],
  ["sha512 of the wrong length", `sha512:${HEX}`],
  ["sha1", `sha1:${HEX.slice(24)}`],
  ["blake3", `blake3:${HEX}`],
  ["an unknown algorithm", `x:${HEX}`],
  ["no algorithm", `:${HEX}`],
  ["sha-256", `sha-256:${HEX}`],
  ["an algorithm with a suffix", `sha256+b64:${HEX}`],
  ["an underscore as separator", `sha256_${HEX}`],
  ["a slash as separator", `sha256/${HEX}`],
  ["an equals sign as separator", `sha256=${HEX}`],
  ["a space as separator", `sha256 ${HEX}`],
  ["no separator", `sha256${HEX}`],
  ["two separators", `sha256::${HEX}`],
  ["both separators", `sha256:-${HEX}`],
  ["a full-width colon", `sha256：${HEX}`],
  ["a dash that is no hyphen", `sha256–${HEX}`],
  ["a leading space", ` ${CANONICAL}`],
  ["a trailing space", `${CANONICAL} `],
  ["an inner space", `sha256: ${HEX.slice(1)}`],
  ["a trailing newline", `${CANONICAL}\n`],
  ["a leading newline", `\n${CANONICAL}`],
  ["a second line", `x\n${CANONICAL}`],
  ["a carriage return", `${CANONICAL}\r\n`],
  ["a trailing NUL", `${CANONICAL}\0`],
  ["an inner NUL", `sha256:\0${HEX.slice(1)}`],
  ["a byte order mark", `\ufeff${CANONICAL}`],
  ["a zero-width space", `sha256:\u200b${HEX.slice(1)}`],
  ["a right-to-left override", `\u202e${CANONICAL}`],
  ["full-width digits", `sha256:${"０".repeat(64)}`],
  ["letters whose low bytes are digits", `sha256:${"İ".repeat(64)}`],
  ["arabic digits", `sha256:${"٠".repeat(64)}`],
  ["a cyrillic а", `sha256:а${HEX.slice(1)}`],
  ["a way out", "sha256:../.."],
  ["a way out of the right length", `sha256:../${"a".repeat(61)}`],
  ["a way out with backslashes", `sha256:..\\${"a".repeat(61)}`],
  ["an absolute path", `sha256:/${"a".repeat(63)}`],
  ["an encoded way out", `sha256:%2e%2e${"a".repeat(58)}`],
  ["a path after it", `${CANONICAL}/../x`],
  ["a path before it", `../${CANONICAL}`],
  ["a name before it", `model@${CANONICAL}`],
  ["two of them", `${CANONICAL},${CANONICAL}`],
  ["quotes", `"${CANONICAL}"`],
  ["a lone surrogate", `sha256:\ud800${HEX.slice(1)}`],
  ["a prototype's name", "__proto__"],
  ["base64", "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
];

describe("parseDigest", () => {
  it.each(MALFORMED)("refuses %s", (_what, text) => {
    expect(isDigest(text)).toBe(false);
    let thrown: unknown;
    try {
      parseDigest(text);
    } catch (error) {
      thrown = error;
    }
    expect(isStoreError(thrown, "ERR_STORE_DIGEST_INVALID")).toBe(true);
    expect(thrown).toMatchObject({ kind: "invalid", detail: { text: text.slice(0, 100) } });
  });

  it.each([
    ["a colon", CANONICAL],
    ["a hyphen", `sha256-${HEX}`],
    ["hex in upper case", `sha256:${HEX.toUpperCase()}`],
    ["a hyphen and hex in upper case", `sha256-${HEX.toUpperCase()}`],
    ["hex in mixed case", `sha256:${HEX.slice(0, 32)}${HEX.slice(32).toUpperCase()}`],
  ])("reads one with %s to the one canonical form", (_what, text) => {
    expect(parseDigest(text)).toBe(CANONICAL);
  });

  it("shows at most a hundred characters of what it refuses", () => {
    const long = "x".repeat(100_000);
    expect(() => parseDigest(long)).toThrow(/^.{0,200}$/);
  });

  it("takes nothing but its two forms, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (tail) => {
        fc.pre(tail.length > 0);
        expect(() => parseDigest(`${CANONICAL}${tail}`)).toThrow(/not a digest/);
        expect(() => parseDigest(`${tail}${CANONICAL}`)).toThrow(/not a digest/);
      }),
    );
  });
});

it.each([undefined, null, 0, 1n, true, {}, [CANONICAL], new String(CANONICAL)])(
  "does not take %s of a decoded document for a digest",
  (value) => {
    expect(isDigest(value)).toBe(false);
  },
);

it("takes the canonical form only, once text has been parsed", () => {
  expect(isDigest(CANONICAL)).toBe(true);
  expect(isDigest(`sha256-${HEX}`)).toBe(false);
  expect(isDigest(CANONICAL.toUpperCase())).toBe(false);
  expect(isDigest(`sha256:${HEX.toUpperCase()}`)).toBe(false);
});

it("goes from hex to a digest and back", () => {
  expect(digestFromHex(HEX)).toBe(CANONICAL);
  expect(digestHex(parseDigest(CANONICAL))).toBe(HEX);
  for (const other of [HEX.toUpperCase(), HEX.slice(1), `${HEX}0`, `${HEX}\n`, "", CANONICAL]) {
    expect(digestFromHex(other)).toBeUndefined();
  }
});

it("names no bytes by the digest of the empty string", () => {
  expect(digestBytes(new Uint8Array())).toBe(EMPTY_DIGEST);
});

it("makes digests that parse, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const digest = digestBytes(bytes);
      expect(parseDigest(digest)).toBe(digest);
      expect(digestFromHex(digestHex(digest))).toBe(digest);
    }),
  );
});
