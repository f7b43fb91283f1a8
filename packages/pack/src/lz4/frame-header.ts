// The header of an LZ4 frame (LZ4 Frame Format Description, lz4/lz4 doc/lz4_Frame_format.md).
// All integers are little-endian.
//
//   offset  bytes  field
//   0       4      magic 04 22 4d 18
//   4       1      FLG: version (2 bits, 01), independent blocks, block checksums, content size,
//                  content checksum, reserved, dictionary id
//   5       1      BD: reserved, block size class (3 bits, 4 to 7), reserved (4 bits)
//   6       0 / 8  content size
//   …       0 / 4  dictionary id
//   …       1      second byte of XXH32 over FLG … dictionary id

import { readU64 } from "../bytes/little-endian.ts";
import { xxh32 } from "../hash/xxh.ts";
import { frameInvalid, frameUnsupported } from "./frame-error.ts";

export const FRAME_MAGIC = 0x184d_2204;
export const LEGACY_MAGIC = 0x184c_2102;
/** Sixteen magics, up to …5f, mark bytes to be skipped. */
export const SKIPPABLE_MAGIC = 0x184d_2a50;

/** High bit of a block's size: the block is stored as it is. */
export const STORED_BLOCK = 0x8000_0000;

export interface FrameHeader {
  /** Most bytes a block may decode to. */
  readonly blockBytesMax: number;
  /** Whether a block may refer to bytes of those before it. */
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  /** Declared bytes of content; `Infinity` for what no number can hold. */
  readonly contentSize: number | undefined;
  /** Where the blocks start. */
  readonly end: number;
}

const FLG_DICTIONARY = 0x01;
const FLG_RESERVED = 0x02;
const FLG_CONTENT_CHECKSUM = 0x04;
const FLG_CONTENT_SIZE = 0x08;
const FLG_BLOCK_CHECKSUMS = 0x10;
const FLG_INDEPENDENT = 0x20;
const BD_RESERVED = 0x8f;

/** Block sizes by class: 64 KiB, 256 KiB, 1 MiB, 4 MiB. */
const blockBytes: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: 4 * 1024 * 1024,
};

/**
 * Reads the header of the frame at `start`, whose magic the caller has seen.
 *
 * @throws StoreError `ERR_STORE_FRAME_INVALID`, `ERR_STORE_FRAME_UNSUPPORTED`
 */
export function decodeFrameHeader(bytes: Uint8Array, start: number): FrameHeader {
  const descriptor = start + 4;
  if (bytes.length < descriptor + 2) throw frameInvalid("truncated", bytes.length);
  // Two bytes are there, and every further field is checked against the length below.
  const flags = bytes[descriptor] as number;
  const block = bytes[descriptor + 1] as number;
  if (flags >>> 6 !== 1) throw frameInvalid("version", descriptor);
  const checksumAt =
    descriptor + 2 + (flags & FLG_CONTENT_SIZE ? 8 : 0) + (flags & FLG_DICTIONARY ? 4 : 0);
  if (bytes.length <= checksumAt) throw frameInvalid("truncated", bytes.length);
  if (bytes[checksumAt] !== checksumOf(bytes, descriptor, checksumAt)) {
    throw frameInvalid("header-checksum", checksumAt);
  }
  if ((flags & FLG_RESERVED) !== 0 || (block & BD_RESERVED) !== 0) {
    throw frameInvalid("reserved-bits", descriptor);
  }
  const blockBytesMax = blockBytes[block >>> 4];
  if (blockBytesMax === undefined) throw frameInvalid("block-size", descriptor + 1);
  if ((flags & FLG_DICTIONARY) !== 0) throw frameUnsupported("dictionary", descriptor);
  return {
    blockBytesMax,
    linked: (flags & FLG_INDEPENDENT) === 0,
    blockChecksums: (flags & FLG_BLOCK_CHECKSUMS) !== 0,
    contentChecksum: (flags & FLG_CONTENT_CHECKSUM) !== 0,
    contentSize: flags & FLG_CONTENT_SIZE ? readU64(bytes, descriptor + 2) : undefined,
    end: checksumAt + 1,
  };
}

/** The checksum of a descriptor. That of one we write, as nearly all are, needs no hashing. */
function checksumOf(bytes: Uint8Array, start: number, end: number): number {
  for (const header of headers) {
    if (bytes[start] === header[4] && bytes[start + 1] === header[5]) return header[6] as number;
  }
  return (xxh32(bytes.subarray(start, end)) >>> 8) & 0xff;
}

export interface FrameForm {
  /** The first seven bytes of the frame, header checksum included. */
  readonly header: Uint8Array;
  /** Bytes per block. */
  readonly blockBytes: number;
}

// Independent blocks, no checksums, no content size: what lz4_flex, and so chkpt, writes for a
// content handed over at once. It never chooses 1 MiB.
const forms: readonly (FrameForm & { readonly sizeMax: number })[] = [
  { sizeMax: 64 * 1024, blockBytes: 64 * 1024, header: bytesOf(0x60, 0x40, 0x82) },
  { sizeMax: 256 * 1024, blockBytes: 256 * 1024, header: bytesOf(0x60, 0x50, 0xfb) },
];
const largest: FrameForm = {
  blockBytes: 4 * 1024 * 1024,
  header: bytesOf(0x60, 0x70, 0x73),
};
const headers = [...forms, largest].map(({ header }) => header);

/** The header and the block size for a content of this many bytes. */
export function frameFormFor(size: number): FrameForm {
  return forms.find(({ sizeMax }) => size <= sizeMax) ?? largest;
}

function bytesOf(flags: number, block: number, checksum: number): Uint8Array {
  return Uint8Array.of(0x04, 0x22, 0x4d, 0x18, flags, block, checksum);
}
