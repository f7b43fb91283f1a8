import type { AbortOptions, ProgressOptions } from "../abort-options.ts";
import type { ByteRange, ByteSource } from "../byte-source.ts";
import type { Descriptor, Digest } from "../digest/digest.ts";
import type { BlobInfo, BlobReader } from "./blob-reader.ts";

/** Progress of bytes on their way into a store. */
export interface BlobEvent {
  readonly kind: "progress";
  /** Bytes taken so far. */
  readonly done: number;
  /** Bytes expected, where known. */
  readonly total: number | undefined;
}

export interface PutOptions extends AbortOptions, ProgressOptions<BlobEvent> {}

export interface AddOptions extends PutOptions {
  /** Bytes expected; a source of any other length is refused. */
  readonly size?: number | undefined;
}

export interface AdoptOptions extends PutOptions {
  /** Refuses a file of any other content. */
  readonly expected?: Digest | undefined;
  /**
   * How the bytes get in: `copy` (default) shares blocks where the file system can and copies
   * elsewhere; `link` makes the file itself the blob (a second name, mode 0444), so it must not be
   * written to afterwards, and falls back to a copy across file systems.
   */
  readonly mode?: "copy" | "link" | undefined;
}

export interface IngestTarget {
  /** Known identity. Without it the bytes name themselves at commit. */
  readonly digest?: Digest | undefined;
  /** Bytes, where known. */
  readonly size?: number | undefined;
  /** What an unknown identity is resumed by: the same key finds the same partial. */
  readonly key?: string | undefined;
  /** The source's validator (a strong ETag, a commit). Another one starts an unknown identity afresh. */
  readonly validator?: string | undefined;
}

export interface IngestOptions extends AbortOptions {
  /** `false`: takes nothing from earlier attempts, which turned out to be wrong. */
  readonly resume?: boolean | undefined;
  /**
   * Milliseconds without progress to grant another living process that is filling the same target.
   * While it gets on, this one waits, and then finds the blob there. 0 (default) does not wait.
   */
  readonly stallMs?: number | undefined;
  /** Called once when it begins to wait for the other one. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Memory to receive bytes in. What lies in it is written and hashed from where it lies: past the page
 * cache where whole buffers begin at multiples of their size, and by a thread of its own.
 */
export interface IngestBuffer {
  readonly bytes: Uint8Array;
  /**
   * Takes the first `length` bytes for an offset, like `Ingest.writeAt`. The buffer is the ingest's
   * from then on.
   */
  writeAt(offset: number, length: number): Promise<void>;
  /** Gives it back unused. */
  release(): void;
}

export interface IngestBufferOptions extends AbortOptions {
  /** Where the bytes will go. Whoever is far ahead while the hash is behind waits for it. */
  readonly offset?: number | undefined;
}

/** Buffers of a process, shared by its ingests: their number bounds its memory. */
export interface IngestBuffers {
  /** Bytes per buffer. */
  readonly sizeBytes: number;
  /** Waits until one is free. */
  acquire(options?: IngestBufferOptions): Promise<IngestBuffer>;
}

export interface CommitOptions extends AbortOptions {
  /** Where the bytes came from, without credentials: for the note beside them if they are wrong. */
  readonly origin?: string | undefined;
}

/**
 * One blob being written, at any offsets, by one owner. Disposing it checkpoints and keeps the
 * partial for the next ingest of the same target; it never throws.
 */
export interface Ingest extends AsyncDisposable {
  readonly size: number | undefined;
  /** Whether an earlier partial was dropped because the source changed under an unknown identity. */
  readonly restarted: boolean;
  /**
   * The ranges still to be written: disjoint, ascending, to be filled in any order, in parallel.
   * With an unknown size the last one is open-ended (`end` is `Infinity`).
   */
  missing(): readonly ByteRange[];
  /**
   * Takes bytes for an offset. The chunk belongs to the ingest until the promise resolves, which
   * is also the back-pressure. Bytes already covered are skipped: the first writer of an offset
   * wins, and the digest decides in the end.
   */
  writeAt(offset: number, chunk: Uint8Array): Promise<void>;
  /** Present where a large blob goes to disk: the faster way for bytes that can be put anywhere. */
  readonly buffers?: IngestBuffers | undefined;
  /**
   * Bytes from the start that are part of the hash already, for whoever shows progress. What they
   * are is decided when it has all of them.
   */
  hashedBytes(): number;
  /** Makes everything written so far durable, and records it (INV-10). */
  checkpoint(): Promise<void>;
  /**
   * Checks size and digest, makes the bytes durable and gives them their final name. Bytes that
   * do not match go to quarantine (INV-8).
   *
   * @throws StoreError `ERR_STORE_BLOB_SIZE_MISMATCH`, `ERR_STORE_BLOB_DIGEST_MISMATCH`,
   * `ERR_STORE_INGEST_LOST`
   */
  commit(options?: CommitOptions): Promise<BlobInfo>;
  /** Drops everything, the partial included. */
  discard(): Promise<void>;
}

/** A blob under its trash name, between D1 and D4 of a sweep. */
export interface Trashed {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** D3: gives the blob its final name back, if nobody else did. */
  restore(): Promise<void>;
  /**
   * D4: unlinks the trash name. Call only after a look at leases and names that began after D1.
   *
   * @returns whether the blob is gone: somebody may have given it its name back in the last instant
   */
  destroy(): Promise<boolean>;
}

/** What {@link BlobStore.announceTrash} said. */
export interface TrashNotice {
  /** Call when all is settled that was moved aside. Best effort: one that stays costs a look. */
  withdraw(): Promise<void>;
}

/** A {@link BlobReader} that also takes blobs in. There is no plain delete. */
export interface BlobStore extends BlobReader {
  /**
   * Opens the way in for bytes that arrive in pieces, continuing an earlier attempt. A blob that is
   * there already gives an ingest with nothing missing.
   */
  ingest(target: IngestTarget, options?: IngestOptions): Promise<Ingest>;
  /**
   * Takes bytes whose identity is known. A blob that is present and verified is left as it is and
   * the source is not read; a wrong source never harms it.
   *
   * @throws StoreError `ERR_STORE_BLOB_SIZE_MISMATCH`, `ERR_STORE_BLOB_SOURCE_TOO_LONG`,
   * `ERR_STORE_BLOB_DIGEST_MISMATCH`
   */
  put(expected: Descriptor, source: ByteSource, options?: PutOptions): Promise<BlobInfo>;
  /** Takes bytes whose identity is not known yet. */
  add(source: ByteSource, options?: AddOptions): Promise<BlobInfo>;
  /** Takes a file that is on this machine already. Only regular files, links not followed. */
  adopt(path: string, options?: AdoptOptions): Promise<BlobInfo>;
  /**
   * The second look of a publisher (P2, P4): whether the blob is present with bytes we have
   * hashed. A blob never hashed before is hashed now; a wrong one goes to quarantine and is absent.
   */
  ensureVerified(digest: Digest, options?: AbortOptions): Promise<BlobInfo | undefined>;
  /** Marks blobs whose last name went, so that the next sweep may take them. */
  release(digests: Iterable<Digest>): Promise<void>;
  /** Takes the mark back: a name needs them again. */
  retain(digests: Iterable<Digest>): Promise<void>;
  /**
   * Says once which blobs a sweep is about to move aside, in place of a mark for each. Should it die,
   * the next one finds them by that.
   */
  announceTrash(digests: Iterable<Digest>): Promise<TrashNotice>;
  /**
   * D1: moves the blob to a trash name; `undefined` if it is not there.
   *
   * @param notice covers the blob; without one it gets a mark of its own
   */
  trash(digest: Digest, sweep: string, notice?: TrashNotice): Promise<Trashed | undefined>;
  /** Trash names that an earlier sweep left behind. */
  listTrash(options?: AbortOptions): AsyncIterable<Trashed>;
}
