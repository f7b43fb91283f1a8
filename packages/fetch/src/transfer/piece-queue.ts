import type { ByteRange } from "@store/layout";

/** What is still to be asked for, in order. */
export interface PieceQueue {
  /** Bytes nobody has taken; `Infinity` if an end is open. */
  readonly leftBytes: number;
  /**
   * The next piece. It ends at a multiple of `pieceBytes`, so that pieces of one size begin where
   * buffers do, however a transfer was interrupted. An open-ended range stays whole: nobody knows
   * where it could be cut.
   */
  take(pieceBytes: number): ByteRange | undefined;
  /** Forgets what is left. */
  clear(): void;
}

export function createPieceQueue(missing: readonly ByteRange[]): PieceQueue {
  let ranges = [...missing];
  return {
    get leftBytes() {
      return ranges.reduce((sum, { start, end }) => sum + (end - start), 0);
    },
    take(pieceBytes) {
      const [first, ...others] = ranges;
      if (first === undefined) return undefined;
      const { start, end } = first;
      const cut =
        end === Infinity ? end : Math.min(end, (Math.floor(start / pieceBytes) + 1) * pieceBytes);
      ranges = cut < end ? [{ start: cut, end }, ...others] : others;
      return { start, end: cut };
    },
    clear() {
      ranges = [];
    },
  };
}
