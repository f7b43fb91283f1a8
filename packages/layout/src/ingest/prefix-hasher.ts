import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { Digest } from "../digest/digest.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { PUMP_BYTES_MIN } from "../hashing/hash-file.ts";
import type { Slot } from "../hashing/shared-slots.ts";
import { createFollowingHasher } from "./following-hasher.ts";
import { createInlineHasher } from "./inline-hasher.ts";
import type { ReceiveSlots } from "./receive-slots.ts";

/** Hashes a file from its start while it fills up in any order. */
export interface PrefixHasher {
  /** Notes bytes that are in the file now. */
  written(start: number, bytes: Uint8Array): void;
  /** Resolves when bytes for an offset may come: at once, unless the hash is behind. Never rejects. */
  turn(start: number): Promise<void>;
  /**
   * Shows bytes that are about to be written from a slot. Resolves when the slot is of no more use
   * here; never rejects.
   */
  offer(start: number, slot: Slot, length: number): Promise<void>;
  /** Bytes from the start that are hashed. */
  hashed(): number;
  /** Hashes what is left up to `end`. May be called again after an abort. */
  finish(end: number, options?: AbortOptions): Promise<Digest>;
  /** Frees what it holds, done or not. */
  close(): Promise<void>;
}

/** From this size on the bytes of a transfer go through slots and are hashed in a thread. */
export function isLarge(size: number | undefined): boolean {
  return size === undefined || size >= PUMP_BYTES_MIN;
}

/**
 * @param present ranges that are in the file already
 * @param slots where offered bytes lie; `undefined` for a small file
 */
export async function createPrefixHasher(
  file: FsFile,
  present: readonly ByteRange[],
  slots: ReceiveSlots | undefined,
): Promise<PrefixHasher> {
  return slots === undefined
    ? createInlineHasher(file)
    : createFollowingHasher(file, present, slots);
}
