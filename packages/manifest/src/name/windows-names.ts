/** `¹`, `²` and `³` count as digits there. Spaces at the end of the stem are dropped. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³])\s*(?:[.:]|$)/i;

/**
 * Whether Windows takes a file or directory name for a device, whatever follows the first dot or
 * colon (`NUL`, `con.gguf`, `aux:5000`). Refused on every platform, so that a store can move.
 */
export function isDeviceName(segment: string): boolean {
  return DEVICE.test(segment);
}
