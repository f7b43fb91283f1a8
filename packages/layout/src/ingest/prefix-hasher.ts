import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { PUMP_BYTES_MIN } from "../hashing/hash-file.ts";
import { createFollowingHasher } from "./following-hasher.ts";
import { createInlineHasher } from "./inline-hasher.ts";

/** Hashes a file from its start while it fills up in any order. */
export interface PrefixHasher {
  /** Notes bytes that are in the file now. */
  written(start: number, bytes: Uint8Array): void;
  /** Hashes what is left up to `end`. May be called again after an abort. */
  finish(end: number, options?: AbortOptions): Promise<BlobHashes>;
  /** Frees what it holds, done or not. */
  close(): Promise<void>;
}

/**
 * @param size of the file in the end, where known
 * @param present ranges that are in the file already
 */
export function createPrefixHasher(
  file: FsFile,
  size: number | undefined,
  present: readonly ByteRange[],
): Promise<PrefixHasher> {
  return size !== undefined && size < PUMP_BYTES_MIN
    ? createInlineHasher(file)
    : createFollowingHasher(file, present);
}
