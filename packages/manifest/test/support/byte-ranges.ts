import type { RangeReader } from "../../src/inspect/index.ts";

export interface CountingRanges extends RangeReader {
  /** Bytes handed out so far. */
  readonly handedOut: number;
}

/** Bytes in memory as ranges; anything asked for beyond them is a fault of the reader. */
export function rangesOf(bytes: Uint8Array, size: number = bytes.length): CountingRanges {
  let handedOut = 0;
  return {
    size,
    get handedOut() {
      return handedOut;
    },
    async read(start, end) {
      if (!(0 <= start && start <= end && end <= size)) {
        throw new RangeError(`asked for ${start} to ${end} of ${size}`);
      }
      handedOut += end - start;
      const piece = new Uint8Array(end - start);
      piece.set(bytes.subarray(start, end));
      return piece;
    },
  };
}
