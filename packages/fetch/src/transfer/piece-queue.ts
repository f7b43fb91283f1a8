import type { ByteRange } from "@store/layout";

/** What one connection brings. */
export interface Piece {
  readonly start: number;
  /** One past the last byte that came. */
  offset: number;
  /** One past the last byte to bring: nearer once another connection brings the rest. */
  end: number;
  /** From when on, and from where on, it came: of an answer that has begun, else of its request. */
  from: { readonly ms: number; readonly offset: number };
}

/** Notes that the rest of a piece comes from now on. */
export function noteOpened(piece: Piece, nowMs: number): void {
  piece.from = { ms: nowMs, offset: piece.offset };
}

/** What is still to be brought, and who brings what. */
export interface PieceQueue {
  /** Bytes nobody has taken; `Infinity` if an end is open. */
  readonly leftBytes: number;
  /**
   * The next piece. It ends at a multiple of `pieceBytes`, so that pieces of one size begin where
   * buffers do, however a transfer was interrupted. An open-ended range stays whole: nobody knows
   * where it could be cut.
   */
  take(pieceBytes: number): Piece | undefined;
  /**
   * Where nothing is left: the second half of what would take longest to come, if that is longer
   * than so many milliseconds.
   */
  split(patienceMs: number): Piece | undefined;
  /** Notes that a piece is here. */
  done(piece: Piece): void;
  /** Takes a piece back; what did not come of it is next. */
  giveBack(piece: Piece): void;
  /** Forgets what is left, and cuts nothing from now on. */
  clear(): void;
}

/** Pieces are cut at multiples of this: pages stay whole, and no request is for next to nothing. */
const CUT_BYTES = 256 * 1024;

export function createPieceQueue(
  missing: readonly ByteRange[],
  elapsedMs: () => number,
): PieceQueue {
  let ranges = [...missing];
  const inFlight = new Set<Piece>();
  let divisible = true;

  function hand({ start, end }: ByteRange): Piece {
    const from = { ms: elapsedMs(), offset: start };
    const piece = { start, offset: start, end, from };
    inFlight.add(piece);
    return piece;
  }

  /** The piece to cut, and where. */
  function findCut(patienceMs: number): { readonly piece: Piece; readonly at: number } | undefined {
    if (!divisible || ranges.length > 0) return undefined;
    const nowMs = elapsedMs();
    let slowest: { readonly piece: Piece; readonly at: number } | undefined;
    let longestMs = patienceMs;
    for (const piece of inFlight) {
      const leftMs = timeLeftMs(piece, nowMs);
      const at = middleOf(piece);
      if (leftMs <= longestMs || at >= piece.end) continue;
      slowest = { piece, at };
      longestMs = leftMs;
    }
    return slowest;
  }

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
      return hand({ start, end: cut });
    },
    split(patienceMs) {
      const cut = findCut(patienceMs);
      if (cut === undefined) return undefined;
      const { piece, at } = cut;
      const rest = { start: at, end: piece.end };
      piece.end = at;
      return hand(rest);
    },
    done(piece) {
      inFlight.delete(piece);
    },
    giveBack(piece) {
      inFlight.delete(piece);
      const { offset: start, end } = piece;
      if (start < end) ranges = [{ start, end }, ...ranges].toSorted((a, b) => a.start - b.start);
    },
    clear() {
      ranges = [];
      divisible = false;
    },
  };
}

/** At the rate of the piece itself; one of which nothing has come needs as long as it waits already. */
function timeLeftMs({ offset, end, from }: Piece, nowMs: number): number {
  if (end === Infinity) return 0;
  const tookMs = nowMs - from.ms;
  return offset === from.offset ? tookMs : ((end - offset) * tookMs) / (offset - from.offset);
}

function middleOf({ offset, end }: Piece): number {
  return Math.ceil((offset + end) / 2 / CUT_BYTES) * CUT_BYTES;
}
