/** A listing of 100,000 files has two objects for each; nothing else comes near. */
const CONTAINERS_MAX = 500_000;

/** Documents of hubs and token services are four or five levels deep. */
const DEPTH_MAX = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Whether a JSON text has no more arrays and objects than documents have that we ask for. Parsed,
 * a text of nothing but brackets takes thirty times its size in memory.
 */
export function isModestJson(bytes: Uint8Array): boolean {
  let depth = 0;
  let containers = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) at += byte === BACKSLASH ? 1 : 0;
    else if (OPENING.has(byte)) {
      depth += 1;
      containers += 1;
      if (depth > DEPTH_MAX || containers > CONTAINERS_MAX) return false;
    } else if (CLOSING.has(byte)) depth -= 1;
  }
  return true;
}
