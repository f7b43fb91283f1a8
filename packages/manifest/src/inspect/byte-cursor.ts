import type { InspectOptions } from "./inspect-options.ts";
import type { RangeReader } from "./model-info.ts";
import { createPauses, type Pauses } from "./pauses.ts";

/** First read: enough for most headers without a tokenizer. Later ones double. */
const WINDOW_BYTES_MIN = 64 * 1024;
/** Headers with a tokenizer have 5 to 20 MiB: a few reads, and never more memory than this. */
const WINDOW_BYTES_MAX = 4 * 1024 * 1024;

/** A text or a tensor takes a microsecond at most, and a look at the clock a good part of one. */
const STEPS_EACH_LOOK = 256;

export interface ByteCursorOptions extends InspectOptions {
  readonly headerSizeMax: number;
  readonly fail: (message: string, offset: number) => Error;
}

/**
 * Reads a header from front to back through a window. Nothing is allocated by a length from the
 * file: what a header announces beyond the file's end, or beyond the limit, is an error first.
 */
export interface ByteCursor {
  readonly position: number;
  littleEndian: boolean;
  /** For loops over what the header announces. */
  readonly pauses: Pauses;
  /** Whether the next bytes are in the window, so that no `ensure` is needed. */
  has(count: number): boolean;
  /** Brings the next bytes into the window. Small counts only. */
  ensure(count: number): Promise<void>;
  /** Moves on, reading nothing. */
  skip(count: number): void;
  // What follows takes bytes from the window.
  bytes(count: number): Uint8Array;
  view(count: number): DataView;
  u32(): number;
  /** @throws what `fail` makes, beyond 2^53 */
  u64(): number;
}

export function createByteCursor(ranges: RangeReader, options: ByteCursorOptions): ByteCursor {
  const { headerSizeMax, fail, signal } = options;
  let position = 0;
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  let windowSize = WINDOW_BYTES_MIN;

  function checkRoom(count: number): void {
    if (count > ranges.size - position) throw fail("the file ends in its header", position);
    if (count > headerSizeMax - position) {
      throw fail(`more than ${headerSizeMax} bytes of header`, position);
    }
  }

  function has(count: number): boolean {
    const start = position - windowStart;
    return start >= 0 && start + count <= window.length;
  }

  /** Positions count from the window's start. */
  function take(count: number): number {
    if (!has(count)) throw new TypeError("bytes taken that were not ensured");
    const start = position - windowStart;
    position += count;
    return start;
  }

  function view(count: number): DataView {
    const start = take(count);
    return new DataView(window.buffer, window.byteOffset + start, count);
  }

  const cursor: ByteCursor = {
    get position() {
      return position;
    },
    littleEndian: true,
    pauses: createPauses(options, STEPS_EACH_LOOK),
    has,
    async ensure(count) {
      checkRoom(count);
      if (has(count)) return;
      signal?.throwIfAborted();
      const end = Math.min(ranges.size, position + Math.max(count, windowSize));
      window = await ranges.read(position, end);
      windowStart = position;
      windowSize = Math.min(windowSize * 2, WINDOW_BYTES_MAX);
      if (window.length !== end - position) throw fail("the file is shorter than it was", position);
    },
    skip(count) {
      checkRoom(count);
      position += count;
    },
    bytes(count) {
      const start = take(count);
      return window.subarray(start, start + count);
    },
    view,
    u32: () => view(4).getUint32(0, cursor.littleEndian),
    u64() {
      const at = position;
      const value = view(8).getBigUint64(0, cursor.littleEndian);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fail("a number beyond 2^53", at);
      return Number(value);
    },
  };
  return cursor;
}
