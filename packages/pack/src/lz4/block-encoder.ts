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

/** No match is taken from further back: the format has 16 bits for it. */
const WINDOW_BYTES = 65_536;

/** Above this, clearing the table is little beside the search itself. */
const STAGED_BYTES_MAX = 64 * 1024;
const STAGE_BYTES = 1024 * 1024;

/** An encoder with memory of its own, to be used for many blocks. */
export function createBlockEncoder(): BlockEncoder {
  const findMatches = createMatchFinder();
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
    const found = findMatches(content, encoded);
    const length = found === 0 ? undefined : endBlock(encoded, found, content);
    if (length === undefined || length >= content.length) return undefined;
    const block = encoded.subarray(0, length);
    return decodesTo(block, encodedView, content, decoded) ? block : undefined;
  }

  return { encode };
}

/**
 * lz4js with a table of its own. For a few KiB, clearing the table takes as long as the search: so
 * small contents are laid out one after the other, further apart than a match can reach, and what the
 * table holds of those before is passed over like an empty entry. The block is the same either way.
 *
 * @returns bytes written to `encoded`; 0, or no fewer than those of the content, without a match
 */
function createMatchFinder(): (content: Uint8Array, encoded: Uint8Array) => number {
  const positions = new Uint32Array(POSITION_COUNT);
  let stage: Uint8Array | undefined;
  /** Where no position in the table can be reached from. */
  let next = 0;

  return (content, encoded) => {
    const { length } = content;
    const isFirst = next === 0;
    const isStaged = !isFirst && length <= STAGED_BYTES_MAX;
    if (!isFirst && (!isStaged || next + length > STAGE_BYTES)) {
      positions.fill(0);
      next = 0;
    }
    let source = content;
    if (isStaged) {
      source = stage ??= new Uint8Array(STAGE_BYTES);
      source.set(content, next);
    }
    const found = lz4.compressBlock(source, encoded, isStaged ? next : 0, length, positions);
    next += length + WINDOW_BYTES;
    return found;
  };
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
