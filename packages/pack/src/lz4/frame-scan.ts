// The outline of an input of LZ4 frames: what lies where, and how much it can decode to. Reading
// it costs a step per block and allocates nothing that grows with what the input declares.

import { readU32 } from "../bytes/little-endian.ts";
import { frameInvalid, frameUnsupported } from "./frame-error.ts";
import {
  decodeFrameHeader,
  FRAME_MAGIC,
  type FrameHeader,
  LEGACY_MAGIC,
  SKIPPABLE_MAGIC,
  STORED_BLOCK,
} from "./frame-header.ts";

/**
 * No block decodes to more than this many bytes per byte of its own: a length byte adds at most
 * 255 to a match, and everything else adds less.
 */
const EXPANSION_MAX = 255;

export interface Outline {
  /** The frames in order, skippable ones left out. */
  readonly frames: readonly FrameHeader[];
  /** Most bytes the input can decode to; exactly that many if `exact`. */
  readonly sizeBound: number;
  /** Whether every frame declares its size. */
  readonly exact: boolean;
}

/**
 * Walks through one or more frames that fill the input, to the end mark of each.
 *
 * @throws StoreError `ERR_STORE_FRAME_INVALID`, `ERR_STORE_FRAME_UNSUPPORTED`
 */
export function scanFrames(bytes: Uint8Array): Outline {
  const frames: FrameHeader[] = [];
  let sizeBound = 0;
  let at = 0;
  do {
    if (bytes.length - at < 4) throw frameInvalid("truncated", bytes.length);
    const magic = readU32(bytes, at);
    if (magic === FRAME_MAGIC) {
      const header = decodeFrameHeader(bytes, at);
      const blocks = scanBlocks(bytes, header);
      const size = header.contentSize ?? blocks.sizeBound;
      if (size > blocks.sizeBound) throw frameInvalid("content-size", at);
      frames.push(header);
      sizeBound += size;
      at = blocks.end;
    } else if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      at = skip(bytes, at);
    } else if (magic === LEGACY_MAGIC) {
      throw frameUnsupported("legacy", at);
    } else {
      throw frameInvalid("magic", at);
    }
  } while (at < bytes.length);
  const exact = frames.every(({ contentSize }) => contentSize !== undefined);
  return { frames, sizeBound, exact };
}

/** Where the frame ends, and the most its blocks can decode to. */
function scanBlocks(bytes: Uint8Array, header: FrameHeader): { end: number; sizeBound: number } {
  const trailerBytes = header.blockChecksums ? 4 : 0;
  let at = header.end;
  let sizeBound = 0;
  for (;;) {
    if (bytes.length - at < 4) throw frameInvalid("truncated", bytes.length);
    const word = readU32(bytes, at);
    at += 4;
    if (word === 0) break;
    const stored = word >= STORED_BLOCK;
    const size = stored ? word - STORED_BLOCK : word;
    if (size > header.blockBytesMax) throw frameInvalid("block-size", at - 4);
    if (size + trailerBytes > bytes.length - at) throw frameInvalid("truncated", bytes.length);
    sizeBound += stored ? size : Math.min(size * EXPANSION_MAX, header.blockBytesMax);
    at += size + trailerBytes;
  }
  if (header.contentChecksum) {
    if (bytes.length - at < 4) throw frameInvalid("truncated", bytes.length);
    at += 4;
  }
  return { end: at, sizeBound };
}

function skip(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < 8) throw frameInvalid("truncated", bytes.length);
  const size = readU32(bytes, at + 4);
  if (size > bytes.length - at - 8) throw frameInvalid("truncated", bytes.length);
  return at + 8 + size;
}
