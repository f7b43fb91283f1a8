import { type BlockEncoder, createBlockEncoder } from "./block-encoder.ts";
import { frameFormFor, STORED_BLOCK } from "./frame-header.ts";

export interface FrameEncoder {
  /** See {@link encodeFrame}. */
  encode(content: Uint8Array): Uint8Array;
}

const BLOCK_HEADER_BYTES = 4;
const END_MARK_BYTES = 4;

/** An encoder that keeps its working memory between frames. */
export function createFrameEncoder(): FrameEncoder {
  const blocks = createBlockEncoder();
  return { encode: (content) => encodeWith(blocks, content) };
}

/**
 * One LZ4 frame of a content: independent blocks, no checksums, no content size, header and block
 * size as lz4_flex chooses them. A block that does not get smaller is stored as it is, so a frame
 * is at most 11 bytes, and 4 for each 4 MiB, larger than its content.
 */
export function encodeFrame(content: Uint8Array): Uint8Array {
  return createFrameEncoder().encode(content);
}

function encodeWith(encoder: BlockEncoder, content: Uint8Array): Uint8Array {
  const { header, blockBytes } = frameFormFor(content.length);
  const blockCount = Math.ceil(content.length / blockBytes);
  const frame = new Uint8Array(
    header.length + blockCount * BLOCK_HEADER_BYTES + content.length + END_MARK_BYTES,
  );
  const view = new DataView(frame.buffer);
  frame.set(header);
  let at = header.length;
  for (let start = 0; start < content.length; start += blockBytes) {
    const raw = content.subarray(start, start + blockBytes);
    const encoded = encoder.encode(raw);
    view.setUint32(at, encoded === undefined ? raw.length + STORED_BLOCK : encoded.length, true);
    at += BLOCK_HEADER_BYTES;
    frame.set(encoded ?? raw, at);
    at += (encoded ?? raw).length;
  }
  // The end mark is four zeros, which a new array holds already.
  at += END_MARK_BYTES;
  return at === frame.length ? frame : frame.slice(0, at);
}
