/** One line at the bottom of a terminal that says how far something is. */
export interface StatusLine {
  /** Whether anybody sees it. */
  readonly visible: boolean;
  /** Draws the line anew, at most every {@link REDRAW_MS}. Text must be escaped already. */
  draw(text: () => string): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
}

/** Ten times a second looks alive and costs nothing. */
const REDRAW_MS = 100;
/** Back to the first column, and erase to the end of the line. */
const ERASE = "\r\u001B[K";

export interface StatusLineOptions {
  readonly write: (text: string) => void;
  /** Characters of a line; `undefined` where there is no terminal. */
  readonly columns: () => number | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export function createStatusLine(options: StatusLineOptions): StatusLine {
  const { write, columns, now = () => performance.now() } = options;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  let shown = false;
  return {
    get visible() {
      return columns() !== undefined;
    },
    draw(text) {
      const width = columns();
      if (width === undefined || now() - drawnAtMs < REDRAW_MS) return;
      drawnAtMs = now();
      shown = true;
      // A line that wraps could not be erased.
      const fitting = Array.from(text()).slice(0, Math.max(0, width - 1));
      write(ERASE + fitting.join(""));
    },
    clear() {
      if (shown) write(ERASE);
      shown = false;
    },
  };
}
