import { StoreError } from "../errors/store-error.ts";

declare const digestBrand: unique symbol;

/**
 * A SHA-256 identity in its canonical text form: `sha256:` and 64 lower-case hex digits. Only
 * {@link parseDigest} and the digesters make one, so a path built from it needs no further check.
 */
export type Digest = `sha256:${string}` & { readonly [digestBrand]: true };

/** What bytes to expect: their identity, their count, and optionally their media type. */
export interface Descriptor {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly mediaType?: string | undefined;
}

const pattern = /^sha256[:-]([0-9a-fA-F]{64})$/;
const PREFIX = "sha256:";
const HEX_LENGTH = 64;
const DIGITS = new Uint8Array(256);
for (const digit of "0123456789abcdef") DIGITS[digit.charCodeAt(0)] = 1;

/** The identity of no bytes at all. */
export const EMPTY_DIGEST: Digest =
  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" as Digest;

/**
 * Reads `sha256:<hex>` or `sha256-<hex>`, hex in either case (both occur in Ollama's directories).
 *
 * @throws StoreError `ERR_STORE_DIGEST_INVALID`
 */
export function parseDigest(text: string): Digest {
  const hex = pattern.exec(text)?.[1];
  if (hex === undefined) {
    const shown = text.slice(0, 100);
    throw new StoreError(`not a digest: ${JSON.stringify(shown)}`, {
      kind: "invalid",
      code: "ERR_STORE_DIGEST_INVALID",
      hint: "A digest is `sha256:` followed by 64 hexadecimal digits.",
      detail: { text: shown },
    });
  }
  return `sha256:${hex.toLowerCase()}` as Digest;
}

/** Whether a value is a digest in canonical form already. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && value.startsWith(PREFIX) && isHex(value.slice(PREFIX.length));
}

/** Room for a text of that length, whatever its letters: a UTF-16 unit takes three bytes at most. */
const letters = Buffer.alloc(3 * HEX_LENGTH);

/**
 * Whether a text is 64 lower-case hex digits. Every digest passes here, many times over: bytes and a
 * table are several times as fast as letters, or as a pattern.
 */
function isHex(text: string): boolean {
  // Any letter that is no byte of ASCII takes more than one.
  if (text.length !== HEX_LENGTH || letters.write(text) !== HEX_LENGTH) return false;
  let isDigits = 1;
  for (let at = 0; at < HEX_LENGTH; at += 1) isDigits &= DIGITS[letters[at] as number] as number;
  return isDigits === 1;
}

/**
 * The 64 hex digits of a digest.
 *
 * @throws TypeError for text that nobody parsed, which callers without types can hand in: every path
 * of a blob is built from what this returns
 */
export function digestHex(digest: Digest): string {
  if (!isDigest(digest)) throw new TypeError(`not a digest: ${String(digest).slice(0, 100)}`);
  return digest.slice(PREFIX.length);
}

/** The digest that 64 lower-case hex digits name, or `undefined` for any other text. */
export function digestFromHex(hex: string): Digest | undefined {
  return isHex(hex) ? (`sha256:${hex}` as Digest) : undefined;
}
