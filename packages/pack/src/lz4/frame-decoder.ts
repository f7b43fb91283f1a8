import { readU32 } from "../bytes/little-endian.ts";
import { xxh32, xxh32Sliced } from "../hash/xxh.ts";
import type { Sliced } from "../loop/turns.ts";
import { type BlockOutput, createBlockOutput, decodeBlock } from "./block-decoder.ts";
import { type FrameFault, frameInvalid } from "./frame-error.ts";
import { type FrameHeader, STORED_BLOCK } from "./frame-header.ts";
import { scanFrames } from "./frame-scan.ts";

export interface DecodeFrameOptions {
  /** Most bytes of content the caller accepts; nothing larger is ever allocated. */
  readonly sizeMax: number;
  /** The bytes of content the caller expects, where it knows. Any other size is an error. */
  readonly exactSize?: number | undefined;
}

/** Bytes copied between two pauses: a few milliseconds where memory is fresh. */
const COPY_BYTES = 4 * 1024 * 1024;

/**
 * The content of one or more LZ4 frames that fill `bytes`, as the `lz4` command or lz4_flex write
 * them: linked and independent blocks of 64 KiB to 4 MiB, block and content checksums, content
 * sizes, concatenated and skippable frames.
 *
 * What a frame declares is believed only as far as its own length can bear it out, so a small input
 * costs little, whatever it says. The result shares no memory with anything.
 *
 * @throws StoreError `ERR_STORE_FRAME_UNSUPPORTED` for legacy frames and frames with a dictionary,
 * `ERR_STORE_FRAME_INVALID` for everything else that is not exactly right; `detail.what` is
 * `too-large` where the only fault is a content above `sizeMax`
 */
export function decodeFrame(bytes: Uint8Array, options: DecodeFrameOptions): Uint8Array {
  const decoding = startDecoding(bytes, options);
  for (const header of decoding.frames) {
    startFrame(decoding, header);
    while (decodeNext(decoding, header));
    endFrame(decoding, header);
    if (header.contentChecksum) checkContent(decoding, xxh32(contentOf(decoding)));
  }
  const output = endDecoding(decoding, options);
  return output.at === output.bytes.length ? output.bytes : output.bytes.slice(0, output.at);
}

/** The same in slices: a block of 4 MiB at most. For little content they cost more than they give. */
export function* decodeFrameSliced(
  bytes: Uint8Array,
  options: DecodeFrameOptions,
): Sliced<Uint8Array> {
  const decoding = startDecoding(bytes, options);
  for (const header of decoding.frames) {
    startFrame(decoding, header);
    while (decodeNext(decoding, header)) yield;
    endFrame(decoding, header);
    if (header.contentChecksum) checkContent(decoding, yield* xxh32Sliced(contentOf(decoding)));
  }
  const output = endDecoding(decoding, options);
  return output.at === output.bytes.length ? output.bytes : yield* copyOf(output);
}

/** Frames being decoded, block by block. */
interface Decoding {
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  readonly frames: readonly FrameHeader[];
  readonly output: BlockOutput;
  /** What it means that the output is too small. */
  readonly overrun: FrameFault;
  /** Where the next block is. */
  at: number;
  /** Where the content of the frame starts in the output. */
  start: number;
}

/** Looks at the outline, and allocates what it can bear out. */
function startDecoding(bytes: Uint8Array, { sizeMax, exactSize }: DecodeFrameOptions): Decoding {
  checkCount(sizeMax, "sizeMax");
  if (exactSize !== undefined) checkCount(exactSize, "exactSize");
  const { frames, sizeBound, exact } = scanFrames(bytes);
  const accepted = Math.min(exactSize ?? sizeMax, sizeMax);
  const overrun = exactSize !== undefined && exactSize <= sizeMax ? "size" : "too-large";
  if (exactSize !== undefined && exactSize > sizeBound) throw frameInvalid("size", 0);
  if (exact && sizeBound > accepted) throw frameInvalid(overrun, 0);
  const output = createBlockOutput(Math.min(sizeBound, accepted));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, frames, output, overrun, at: 0, start: 0 };
}

function startFrame(decoding: Decoding, header: FrameHeader): void {
  decoding.at = header.end;
  decoding.start = decoding.output.at;
}

/** Decodes a block, which the scan has found to lie within the input, unless there are no more. */
function decodeNext(decoding: Decoding, header: FrameHeader): boolean {
  const { bytes, output, start } = decoding;
  const word = readU32(bytes, decoding.at);
  const at = decoding.at + 4;
  if (word === 0) {
    decoding.at = at;
    return false;
  }
  const stored = word >= STORED_BLOCK;
  const end = at + (stored ? word - STORED_BLOCK : word);
  if (header.blockChecksums && xxh32(bytes.subarray(at, end)) !== readU32(bytes, end)) {
    throw frameInvalid("block-checksum", end);
  }
  const declaredEnd = start + (header.contentSize ?? Infinity);
  const contentEnd = Math.min(declaredEnd, output.bytes.length);
  const contentOverrun = declaredEnd <= output.bytes.length ? "content-size" : decoding.overrun;
  if (stored) {
    if (end - at > contentEnd - output.at) throw frameInvalid(contentOverrun, at);
    output.bytes.set(bytes.subarray(at, end), output.at);
    output.at += end - at;
  } else {
    const blockEnd = output.at + header.blockBytesMax;
    output.floor = header.linked ? start : output.at;
    output.limit = Math.min(blockEnd, contentEnd);
    output.overrun = blockEnd <= contentEnd ? "output" : contentOverrun;
    decodeBlock(bytes, decoding.view, at, end, output);
  }
  decoding.at = header.blockChecksums ? end + 4 : end;
  return true;
}

function endFrame({ output, start, at }: Decoding, { contentSize }: FrameHeader): void {
  if (contentSize !== undefined && output.at !== start + contentSize) {
    throw frameInvalid("content-size", at);
  }
}

/** What the frame has decoded to. */
function contentOf({ output, start }: Decoding): Uint8Array {
  return output.bytes.subarray(start, output.at);
}

function checkContent({ bytes, at }: Decoding, checksum: number): void {
  if (checksum !== readU32(bytes, at)) throw frameInvalid("content-checksum", at);
}

function endDecoding({ output, bytes }: Decoding, { exactSize }: DecodeFrameOptions): BlockOutput {
  if (exactSize !== undefined && output.at !== exactSize) throw frameInvalid("size", bytes.length);
  return output;
}

/** What was decoded, in memory of just that size. */
function* copyOf({ bytes, at: size }: BlockOutput): Sliced<Uint8Array> {
  if (size <= COPY_BYTES) return bytes.slice(0, size);
  const copy = new Uint8Array(size);
  for (let start = 0; start < size; start += COPY_BYTES) {
    copy.set(bytes.subarray(start, Math.min(start + COPY_BYTES, size)), start);
    yield;
  }
  return copy;
}

function checkCount(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`${name} must be a count of bytes, not ${value}`);
  }
}
