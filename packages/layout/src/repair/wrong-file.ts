import type { Digest } from "../digest/digest.ts";

/** A file under a blob's final name that was seen to have other bytes. */
export interface WrongFile {
  readonly inode: number;
  /** What it hashes to; `undefined` if it cannot be read to its end. */
  readonly actual?: Digest | undefined;
}
