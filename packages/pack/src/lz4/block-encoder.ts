// LZ4 blocks, encoded. The one place that uses lz4js, and only as a search for matches: what it
// produces is corrected at its end, decoded again and compared before anybody sees it.

// Sibling packages compile this source with their own lists of files, which lack the declaration.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./lz4js.d.ts" />
import lz4 from "lz4js";

import { isStoreError } from "@store/layout";

import { type BlockOutput, createBlockOutput, decodeBlock } from "./block-decoder.ts";
import { endBlock } from "./block-ending.ts";

export interface BlockEncoder {
  /**
   * The compressed block, valid until the next call, or `undefined` if the content does not get
   * smaller.
   */
  encode(content: Uint8Array): Uint8Array | undefined;
}

/** Entries of the table lz4js keeps its positions in; fixed by its 16-bit hash. */
const POSITION_COUNT = 65_536;

/** An encoder with memory of its own, to be used for many blocks. */
export function createBlockEncoder(): BlockEncoder {
  const positions = new Uint32Array(POSITION_COUNT);
  let encoded = new Uint8Array(0);
  let encodedView = new DataView(encoded.buffer);
  let decoded = createBlockOutput(0);

  function encode(content: Uint8Array): Uint8Array | undefined {
    const boundBytes = encodedBytesMax(content.length);
    if (encoded.length < boundBytes) {
      encoded = new Uint8Array(boundBytes);
      encodedView = new DataView(encoded.buffer);
      decoded = createBlockOutput(content.length);
    }
    positions.fill(0);
    const found = lz4.compressBlock(content, encoded, 0, content.length, positions);
    const length = found === 0 ? undefined : endBlock(encoded, found, content);
    if (length === undefined || length >= content.length) return undefined;
    const block = encoded.subarray(0, length);
    return decodesTo(block, encodedView, content, decoded) ? block : undefined;
  }

  return { encode };
}

/** Most bytes a block can get by "compressing" it: a length byte per 255 literals, and a little. */
function encodedBytesMax(length: number): number {
  return length + Math.ceil(length / 255) + 16;
}

/** Whether a block means this content: a mistake in a compressor must not become a lost object. */
function decodesTo(
  block: Uint8Array,
  view: DataView,
  content: Uint8Array,
  output: BlockOutput,
): boolean {
  output.at = 0;
  output.limit = content.length;
  try {
    decodeBlock(block, view, 0, block.length, output);
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_FRAME_INVALID")) return false;
    throw error;
  }
  const decoded = output.bytes.subarray(0, output.at);
  return output.at === content.length && Buffer.compare(decoded, content) === 0;
}
