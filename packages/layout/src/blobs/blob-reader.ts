import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { Digest } from "../digest/digest.ts";

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it was added: wall-clock milliseconds. */
  readonly addedAtMs: number;
  /** Whether we have hashed these bytes; a foreign tool's blob is not until we did. */
  readonly verified: boolean;
  /** Whether the next sweep may take it without waiting, if nothing needs it. */
  readonly released: boolean;
  readonly where: "loose" | "packed";
}

export type BlobLocation =
  /** The file holds exactly the blob: it can be opened, mapped or linked. */
  | { readonly kind: "file"; readonly path: string }
  /** The entry must be decoded by the pack that holds it. */
  | { readonly kind: "pack"; readonly pack: string; readonly offset: number };

/** Anything that answers for blobs by digest. Absence is a value, damage is an error. */
export interface BlobReader {
  stat(digest: Digest, options?: AbortOptions): Promise<BlobInfo | undefined>;
  locate(digest: Digest, options?: AbortOptions): Promise<BlobLocation | undefined>;
  /**
   * The bytes of a range, the whole blob by default. A range that reaches beyond the end is cut
   * there; one that starts beyond it is empty.
   *
   * @throws StoreError `ERR_STORE_BLOB_NOT_FOUND` with the first chunk asked for
   */
  read(digest: Digest, options?: Partial<ByteRange> & AbortOptions): AsyncIterable<Uint8Array>;
  /** Every digest, ascending. Names only: a listed blob may turn out damaged when it is read. */
  list(options?: AbortOptions): AsyncIterable<Digest>;
}
