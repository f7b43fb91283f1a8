import { createBlockEncoder } from "./block-encoder.ts";
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
  let frame = new Uint8Array(0);
  let view = new DataView(frame.buffer);

  return {
    encode(content) {
      const { header, blockBytes } = frameFormFor(content.length);
      const blockCount = Math.ceil(content.length / blockBytes);
      const most =
        header.length + blockCount * BLOCK_HEADER_BYTES + content.length + END_MARK_BYTES;
      if (frame.length < most) {
        frame = new Uint8Array(most);
        view = new DataView(frame.buffer);
      }
      frame.set(header);
      let at = header.length;
      for (let start = 0; start < content.length; start += blockBytes) {
        const raw = content.subarray(start, start + blockBytes);
        const encoded = blocks.encode(raw);
        const word = encoded === undefined ? raw.length + STORED_BLOCK : encoded.length;
        view.setUint32(at, word, true);
        at += BLOCK_HEADER_BYTES;
        frame.set(encoded ?? raw, at);
        at += (encoded ?? raw).length;
      }
      // The end mark is a size of nothing.
      view.setUint32(at, 0);
      return frame.slice(0, at + END_MARK_BYTES);
    },
  };
}

/**
 * One LZ4 frame of a content: independent blocks, no checksums, no content size, header and block
 * size as lz4_flex chooses them. A block that does not get smaller is stored as it is, so a frame
 * is at most 11 bytes, and 4 for each 4 MiB, larger than its content.
 */
export function encodeFrame(content: Uint8Array): Uint8Array {
  return createFrameEncoder().encode(content);
}
