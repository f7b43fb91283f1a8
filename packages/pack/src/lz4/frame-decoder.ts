import { readU32 } from "../bytes/little-endian.ts";
import { xxh32, xxh32Sliced } from "../hash/xxh.ts";
import { finishNow, type Sliced } from "../loop/turns.ts";
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
  return finishNow(decodeFrameSliced(bytes, options));
}

/** See {@link decodeFrame}. A slice is a block, of 4 MiB at most. */
export function* decodeFrameSliced(
  bytes: Uint8Array,
  { sizeMax, exactSize }: DecodeFrameOptions,
): Sliced<Uint8Array> {
  checkCount(sizeMax, "sizeMax");
  if (exactSize !== undefined) checkCount(exactSize, "exactSize");
  const { frames, sizeBound, exact } = scanFrames(bytes);
  const accepted = Math.min(exactSize ?? sizeMax, sizeMax);
  const overrun = exactSize !== undefined && exactSize <= sizeMax ? "size" : "too-large";
  if (exactSize !== undefined && exactSize > sizeBound) throw frameInvalid("size", 0);
  if (exact && sizeBound > accepted) throw frameInvalid(overrun, 0);
  const output = createBlockOutput(Math.min(sizeBound, accepted));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const frame of frames) yield* decodeOne(bytes, view, frame, output, overrun);
  if (exactSize !== undefined && output.at !== exactSize) throw frameInvalid("size", bytes.length);
  return output.at === output.bytes.length ? output.bytes : yield* copyOf(output);
}

/** Decodes the blocks of one frame, which the scan has found to lie within the input. */
function* decodeOne(
  bytes: Uint8Array,
  view: DataView,
  header: FrameHeader,
  output: BlockOutput,
  overrun: FrameFault,
): Sliced<void> {
  const start = output.at;
  const declaredEnd = start + (header.contentSize ?? Infinity);
  const contentEnd = Math.min(declaredEnd, output.bytes.length);
  const contentOverrun = declaredEnd <= output.bytes.length ? "content-size" : overrun;
  let at = header.end;
  for (let isFirst = true; ; isFirst = false) {
    const word = readU32(bytes, at);
    at += 4;
    if (word === 0) break;
    if (!isFirst) yield;
    const stored = word >= STORED_BLOCK;
    const end = at + (stored ? word - STORED_BLOCK : word);
    if (header.blockChecksums && xxh32(bytes.subarray(at, end)) !== readU32(bytes, end)) {
      throw frameInvalid("block-checksum", end);
    }
    if (stored) {
      if (end - at > contentEnd - output.at) throw frameInvalid(contentOverrun, at);
      output.bytes.set(bytes.subarray(at, end), output.at);
      output.at += end - at;
    } else {
      const blockEnd = output.at + header.blockBytesMax;
      output.floor = header.linked ? start : output.at;
      output.limit = Math.min(blockEnd, contentEnd);
      output.overrun = blockEnd <= contentEnd ? "output" : contentOverrun;
      decodeBlock(bytes, view, at, end, output);
    }
    at = header.blockChecksums ? end + 4 : end;
  }
  if (header.contentSize !== undefined && output.at !== declaredEnd) {
    throw frameInvalid("content-size", at);
  }
  if (header.contentChecksum) {
    const content = output.bytes.subarray(start, output.at);
    if ((yield* xxh32Sliced(content)) !== readU32(bytes, at)) {
      throw frameInvalid("content-checksum", at);
    }
  }
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
