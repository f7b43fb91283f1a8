import type { ByteRange } from "@store/layout";

/** Smallest and largest part of a file asked for at once. */
const PIECE_BYTES_MIN = 8 * 1024 * 1024;
const PIECE_BYTES_MAX = 64 * 1024 * 1024;

/** So many pieces per connection, so that a slow connection does not hold up the end for long. */
const PIECES_PER_CONNECTION = 4;

/** A piece size that keeps every connection busy without asking for crumbs. */
export function pieceBytesFor(bytes: number, connections: number): number {
  const wanted = Math.ceil(bytes / (connections * PIECES_PER_CONNECTION));
  return Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, wanted));
}

/**
 * Cuts ranges into pieces of at most `pieceBytes`, ascending. Cuts fall on multiples of the piece
 * size, so that an interrupted transfer is cut the same way when it goes on. An open-ended range
 * stays whole: nobody knows where it could be cut.
 */
export function planPieces(
  missing: readonly ByteRange[],
  pieceBytes: number,
): readonly ByteRange[] {
  const pieces: ByteRange[] = [];
  for (const { start, end } of missing) {
    if (end === Infinity) {
      pieces.push({ start, end });
      continue;
    }
    for (let at = start; at < end;) {
      const cut = Math.min(end, (Math.floor(at / pieceBytes) + 1) * pieceBytes);
      pieces.push({ start: at, end: cut });
      at = cut;
    }
  }
  return pieces;
}

/** Bytes in ranges; `Infinity` if one is open-ended. */
export function countBytes(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + (end - start), 0);
}
