// The end of a block, as the format demands it of writers: the last match starts at least 12 bytes
// before the end of the content, and the last 5 bytes are literals. Decoders that copy in large
// steps rely on it; liblz4 refuses a block that breaks it when it has no room to spare.

/** Least bytes between the start of the last match and the end of the content. */
const LAST_MATCH_BYTES_MIN = 12;
/** Least bytes of the final run of literals. */
const LAST_LITERALS_BYTES_MIN = 5;

const MATCH_BYTES_MIN = 4;

/**
 * Brings the end of a complete, well-formed block into the demanded form: the first sequence whose
 * match breaks a rule becomes, with all that follows, one final run of literals.
 *
 * @param block holds the block in its first `length` bytes, and has room to spare
 * @returns the new length, or `undefined` if nothing but literals is left
 */
export function endBlock(
  block: Uint8Array,
  length: number,
  content: Uint8Array,
): number | undefined {
  let from = 0;
  let at = 0;
  for (;;) {
    const sequence = from;
    const anchor = at;
    // Within a well-formed block no read below leaves it.
    const token = block[from++] as number;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        more = block[from++] as number;
        literals += more;
      } while (more === 255);
    }
    from += literals;
    at += literals;
    if (from >= length) return length;
    from += 2;
    let match = (token & 15) + MATCH_BYTES_MIN;
    if (match === 15 + MATCH_BYTES_MIN) {
      let more: number;
      do {
        more = block[from++] as number;
        match += more;
      } while (more === 255);
    }
    const start = at;
    at += match;
    if (
      start > content.length - LAST_MATCH_BYTES_MIN ||
      at > content.length - LAST_LITERALS_BYTES_MIN
    ) {
      return anchor === 0 ? undefined : writeLiterals(block, sequence, content.subarray(anchor));
    }
  }
}

/** Writes a final sequence. Returns where it ends. */
function writeLiterals(block: Uint8Array, start: number, literals: Uint8Array): number {
  let at = start;
  if (literals.length < 15) {
    block[at++] = literals.length << 4;
  } else {
    block[at++] = 0xf0;
    let rest = literals.length - 15;
    for (; rest >= 255; rest -= 255) block[at++] = 255;
    block[at++] = rest;
  }
  block.set(literals, at);
  return at + literals.length;
}
