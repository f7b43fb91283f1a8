import { xxh32 } from "../../src/hash/xxh.ts";

/** A frame made by hand, right unless told otherwise. */
export interface FrameForm {
  readonly version?: number;
  readonly reservedFlag?: boolean;
  readonly linked?: boolean;
  readonly blockChecksums?: boolean;
  readonly contentSize?: bigint;
  /** The content, to write its checksum; or four bytes to write instead. */
  readonly contentChecksum?: Uint8Array | number;
  readonly dictionary?: number;
  /** The BD byte; 64 KiB blocks if left out. */
  readonly blockByte?: number;
  /** Added to the header checksum. */
  readonly headerChecksumError?: number;
  /** Added to every block checksum. */
  readonly blockChecksumError?: number;
  readonly endMark?: boolean;
}

export interface FrameBlock {
  readonly bytes: Uint8Array;
  readonly stored?: boolean;
  /** Written as the block's size instead of its own. */
  readonly size?: number;
}

export function createFrame(blocks: readonly FrameBlock[], form: FrameForm = {}): Uint8Array {
  const { contentChecksum, contentSize, dictionary } = form;
  const flags =
    ((form.version ?? 1) << 6) |
    (form.linked ? 0 : 0x20) |
    (form.blockChecksums ? 0x10 : 0) |
    (contentSize === undefined ? 0 : 0x08) |
    (contentChecksum === undefined ? 0 : 0x04) |
    (form.reservedFlag ? 0x02 : 0) |
    (dictionary === undefined ? 0 : 0x01);
  const descriptor = Buffer.concat([
    Uint8Array.of(flags, form.blockByte ?? 0x40),
    contentSize === undefined ? new Uint8Array() : u64(contentSize),
    dictionary === undefined ? new Uint8Array() : u32(dictionary),
  ]);
  const parts: Uint8Array[] = [
    u32(0x184d2204),
    descriptor,
    Uint8Array.of(((xxh32(descriptor) >>> 8) + (form.headerChecksumError ?? 0)) & 0xff),
  ];
  for (const { bytes, stored, size } of blocks) {
    parts.push(u32(size ?? bytes.length + (stored ? 0x8000_0000 : 0)), bytes);
    if (form.blockChecksums) parts.push(u32(xxh32(bytes) + (form.blockChecksumError ?? 0)));
  }
  if (form.endMark !== false) parts.push(u32(0));
  if (typeof contentChecksum === "number") parts.push(u32(contentChecksum));
  else if (contentChecksum !== undefined) parts.push(u32(xxh32(contentChecksum)));
  return new Uint8Array(Buffer.concat(parts));
}

/** A skippable frame. `size` is written instead of the length of its bytes. */
export function createSkippable(bytes: Uint8Array, size: number = bytes.length): Uint8Array {
  return new Uint8Array(Buffer.concat([u32(0x184d2a53), u32(size), bytes]));
}

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
