import type { encodeFrame } from "../../src/lz4/frame-encoder.ts";
import { createRandom, words } from "../support/random.ts";

/** Where the last match of a block starts, and where it ends, counted from the end of the content. */
function lastMatch(block: Uint8Array, size: number): { start: number; end: number } | undefined {
  let from = 0;
  let at = 0;
  let found: { start: number; end: number } | undefined;
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const more = block[from++] ?? 0;
      length += more;
      if (more < 255) return length;
    }
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = lengthFrom(token >> 4);
    from += literals;
    at += literals;
    if (from >= block.length) return found;
    from += 2;
    const start = at;
    at += 4 + lengthFrom(token & 15);
    found = { start: size - start, end: size - at };
  }
  return { start: 0, end: 0 };
}

/** Contents whose block an encoder ends in a way the format forbids to writers. */
export function failedEndings(encode: typeof encodeFrame): readonly string[] {
  const random = createRandom(9);
  const failed: string[] = [];
  let compressed = 0;
  for (let round = 0; round < 800; round++) {
    const content = words(random, 20 + random.below(2000));
    const frame = encode(content);
    const view = new DataView(frame.buffer, frame.byteOffset);
    const word = view.getUint32(7, true);
    if (word >= 0x8000_0000) continue;
    compressed++;
    const last = lastMatch(frame.subarray(11, 11 + word), content.length);
    if (last === undefined || (last.start >= 12 && last.end >= 5)) continue;
    failed.push(`content ${round}: the last match starts ${last.start} bytes before the end`);
  }
  if (compressed < 400) failed.push("hardly anything was compressed");
  return failed;
}
