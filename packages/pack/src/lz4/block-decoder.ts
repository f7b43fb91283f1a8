// LZ4 blocks, decoded strictly (LZ4 Block Format Description, lz4/lz4 doc/lz4_Block_format.md).
//
// Nothing is read outside of the block and nothing is written outside of the output, whatever the
// block says: every length is compared with what is left before it is used, so each index below is
// in range and each `as number` states a fact. A match can only reach bytes this call, or an
// earlier block of the same frame, has written; stale contents of a buffer can never leak.
//
// The rules on block ends (last match 12 bytes before the end, last 5 bytes literals) bind writers.
// A block that breaks them and still ends after literals has one meaning, and is decoded.

import { type FrameFault, frameInvalid } from "./frame-error.ts";

/** Where decoded bytes go, shared by the blocks of a frame. */
export interface BlockOutput {
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  /** Where the next byte goes; what lies before it has been decoded. */
  at: number;
  /** Lowest position a match may reach. */
  floor: number;
  /** No byte is decoded to here or beyond. */
  limit: number;
  /** What exceeding the limit means. */
  overrun: FrameFault;
}

/** Copies up to this long are faster byte by byte than through a call. */
const SHORT_COPY_BYTES_MAX = 32;

/** Copies up to this long are faster a few words at a time than through a call. */
const STRIDED_COPY_BYTES_MAX = 256;

/** Bytes of a word, and of the words copied in one go. What is copied too much is written over. */
const WORD_BYTES = 4;
const STRIDE_BYTES = 16;

/** The smallest match the format can express. */
const MATCH_BYTES_MIN = 4;

/** Room for `size` bytes. A new array is all zeros: nothing of another content can ever show. */
export function createBlockOutput(size: number): BlockOutput {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  return { bytes, view, at: 0, floor: 0, limit: size, overrun: "output" };
}

/**
 * Decodes the bytes `[start, end)` of `source`, of which `sourceView` is a view, moving `output.at`.
 * Beyond it, up to the end of the output's memory, any bytes may be left behind.
 *
 * @throws StoreError `ERR_STORE_FRAME_INVALID`
 */
export function decodeBlock(
  source: Uint8Array,
  sourceView: DataView,
  start: number,
  end: number,
  output: BlockOutput,
): void {
  const { bytes, view, floor, limit } = output;
  const lastStride = bytes.length - STRIDE_BYTES;
  const lastWord = end - WORD_BYTES;
  const lastSource = end - STRIDE_BYTES;
  let from = start;
  let at = output.at;
  for (;;) {
    if (from >= end) throw frameInvalid("truncated", from);
    const token = source[from++] as number;

    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (from >= end) throw frameInvalid("truncated", from);
        more = source[from++] as number;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - from) throw frameInvalid("literals", from);
    if (literals > limit - at) throw frameInvalid(output.overrun, from);
    if (literals <= WORD_BYTES && from <= lastWord && at <= lastStride) {
      view.setInt32(at, sourceView.getInt32(from, true), true);
      from += literals;
      at += literals;
    } else if (
      literals <= STRIDED_COPY_BYTES_MAX &&
      from + literals <= lastSource &&
      at + literals <= lastStride
    ) {
      const stop = from + literals;
      for (let to = at; from < stop; to += STRIDE_BYTES, from += STRIDE_BYTES) {
        view.setInt32(to, sourceView.getInt32(from, true), true);
        view.setInt32(to + 4, sourceView.getInt32(from + 4, true), true);
        view.setInt32(to + 8, sourceView.getInt32(from + 8, true), true);
        view.setInt32(to + 12, sourceView.getInt32(from + 12, true), true);
      }
      from = stop;
      at += literals;
    } else if (literals <= SHORT_COPY_BYTES_MAX) {
      for (const stop = from + literals; from < stop;) bytes[at++] = source[from++] as number;
    } else {
      bytes.set(source.subarray(from, from + literals), at);
      from += literals;
      at += literals;
    }
    if (from === end) break;

    if (end - from < 2) throw frameInvalid("truncated", from);
    const offset = (source[from] as number) | ((source[from + 1] as number) << 8);
    if (offset === 0 || offset > at - floor) throw frameInvalid("match-offset", from);
    from += 2;

    let length = (token & 15) + MATCH_BYTES_MIN;
    if (length === 15 + MATCH_BYTES_MIN) {
      let more: number;
      do {
        if (from >= end) throw frameInvalid("truncated", from);
        more = source[from++] as number;
        length += more;
      } while (more === 255);
    }
    if (length > limit - at) throw frameInvalid(output.overrun, from);
    const stop = at + length;
    if (offset >= WORD_BYTES && length <= STRIDED_COPY_BYTES_MAX && stop <= lastStride) {
      // Word by word, so that a match that overlaps itself reads what has just been written.
      for (let match = at - offset; at < stop; at += STRIDE_BYTES, match += STRIDE_BYTES) {
        view.setInt32(at, view.getInt32(match, true), true);
        view.setInt32(at + 4, view.getInt32(match + 4, true), true);
        view.setInt32(at + 8, view.getInt32(match + 8, true), true);
        view.setInt32(at + 12, view.getInt32(match + 12, true), true);
      }
    } else if (length <= SHORT_COPY_BYTES_MAX) {
      for (; at < stop; at++) bytes[at] = bytes[at - offset] as number;
    } else {
      repeat(bytes, at, offset, length);
    }
    at = stop;
  }
  output.at = at;
}

/** Fills `length` bytes from `at` with the period that ends there. */
function repeat(bytes: Uint8Array, at: number, period: number, length: number): void {
  if (period === 1) {
    bytes.fill(bytes[at - 1] as number, at, at + length);
    return;
  }
  const start = at - period;
  // What is filled so far is a whole number of periods, so each round may copy twice as much.
  for (let filled = 0; filled < length;) {
    const piece = Math.min(period + filled, length - filled);
    bytes.copyWithin(at + filled, start, start + piece);
    filled += piece;
  }
}
