/** Making one costs more than decoding a manifest; without `stream`, one keeps nothing between uses. */
const strictUtf8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes; `undefined` if they are not UTF-8, or more than a string can hold. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}
