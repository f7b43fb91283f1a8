const DEVICES = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/;

/**
 * Whether Windows takes a file or directory name for a device, whatever follows the first dot or
 * colon (`NUL`, `con.gguf`, `aux:5000`). Refused on every platform, so that a store can move.
 */
export function isDeviceName(segment: string): boolean {
  const stem = /^[^.:]*/.exec(segment)?.[0] ?? "";
  return DEVICES.test(stem.trimEnd().toLowerCase());
}
