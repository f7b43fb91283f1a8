import type { AbortOptions, ByteRange, Digest, Origin } from "@store/layout";

import type { QuarantinePort } from "./quarantine-port.ts";

/** Where a model came from, as a v1 manifest records it. Never holds credentials. */
export interface ModelOrigin {
  /** Host of the registry (`huggingface.co`), `""` for a local file. */
  readonly registry: string;
  /** `org/repo`, or the directory part of a URL. */
  readonly repo: string;
  /** The pinned revision: a commit, or `""` where the source has none. */
  readonly revision: string;
  /** Name of the one file, `""` for a model of several. */
  readonly filename: string;
}

/** One file of a resolved model. */
export interface SourceFile {
  /** Relative path with `/`, as the source says it: a pull checks it before it is used. */
  readonly path: string;
  /** Bytes, where the source says. */
  readonly size?: number | undefined;
  /** SHA-256 the bytes must have, where the source says. */
  readonly digest?: Digest | undefined;
  /** Git blob SHA-1 (40 hex digits) the bytes must have, where that is all the source says. */
  readonly gitSha1?: string | undefined;
  /**
   * Strong validator of the bytes. Enforced only while no digest is known: two ranges with
   * different validators are never mixed.
   */
  readonly validator?: string | undefined;
  /** What a scan of the place found in it, where it says: `unsafe`, `suspicious`, … */
  readonly scan?: string | undefined;
  /** Where the bytes can be fetched. May carry a signature: not for messages and records. */
  readonly url?: string | undefined;
}

/** A location whose revision is pinned: the same files, whenever they are fetched. */
export interface ResolvedModel {
  /** The location as asked for, without credentials. */
  readonly location: string;
  /**
   * Where its files can be had again by their paths, as a user would type it: `hf.co/org/repo`.
   * Absent where there is no such place: a local file, a URL with a signature.
   */
  readonly place?: string | undefined;
  /** Commit, ETag or whatever pins the content; `""` where nothing does. */
  readonly revision: string;
  /** Ascending by path, at least one. */
  readonly files: readonly SourceFile[];
  /**
   * Tags to choose from where the location holds one model several times over, in different
   * quantisations; empty or absent where there is nothing to choose.
   */
  readonly choices?: readonly string[] | undefined;
  /** A name to record it under when the caller gives none: a flat name or a full reference. */
  readonly suggestedName: string;
  /**
   * The document that the place itself keeps of the model: an image manifest whose blobs are exactly
   * `files`. It is recorded byte for byte when all of them are taken.
   */
  readonly manifest?: { readonly bytes: Uint8Array } | undefined;
  readonly license?: string | undefined;
  /** `gguf`, `safetensors`, …, where it can be told. */
  readonly format?: string | undefined;
  readonly source: ModelOrigin;
}

/** Bytes on their way, and which ones they are. */
export interface OpenedRange {
  /** First byte of the body. May be 0 although more was asked: the source ignores ranges. */
  readonly start: number;
  /** One past the last byte of the body; `Infinity` where only the end of the stream tells. */
  readonly end: number;
  /** Size of the whole file, where the answer says. */
  readonly total?: number | undefined;
  readonly validator?: string | undefined;
  /**
   * To be iterated once, or cancelled by `return()`. Ends after exactly `end - start` bytes; fewer
   * or more are an error, never a quiet end.
   */
  readonly body: RangeBody;
}

/** A body, read in one of two ways. */
export interface RangeBody extends AsyncIterable<Uint8Array> {
  /**
   * Fills memory of the caller's from its start, where the source can do so without copying.
   * Answers the bytes put there: fewer
   * than fit where that takes long or the body ends, 0 behind its end.
   */
  readInto?(target: Uint8Array): Promise<number>;
}

/** Where a file was had, as a pull records it beside the blob. */
export type FileOrigin = Omit<Origin, "recordedAtMs">;

/** What is known of the bytes of a file that is looked for. */
export interface KnownFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size?: number | undefined;
}

export interface ResolveOptions extends AbortOptions {
  /**
   * Keeps documents with other bytes than their digest, which are refused either way. Whoever only
   * looks gives none.
   */
  readonly quarantine?: QuarantinePort | undefined;
}

/** A kind of place models come from. */
export interface Source {
  /** Short name of the kind: `hf`, `https`, `file`. */
  readonly scheme: string;
  /** Most connections per file that make sense; no bound by default. */
  readonly connectionsMax?: number | undefined;
  /** Whether a location has the form this source understands. Does no I/O. */
  accepts(location: string): boolean;
  /**
   * Pins the revision and lists the files.
   *
   * @returns `undefined` for a location this source does not accept
   * @throws StoreError `ERR_STORE_MODEL_NOT_FOUND`, `ERR_STORE_AUTH_REQUIRED`,
   * `ERR_STORE_AUTH_REFUSED`, `ERR_STORE_UPSTREAM_ERROR`, `ERR_STORE_BLOB_DIGEST_MISMATCH`, …
   */
  resolve(location: string, options?: ResolveOptions): Promise<ResolvedModel | undefined>;
  /**
   * The one file that was recorded as the origin of a blob. Asks nobody: whether the place still has
   * it shows when it is opened.
   *
   * @param origin `place`, `revision` and the path of a file of an earlier `resolve`; no path for the
   * `manifest` of a model
   * @returns `undefined` for an origin this source did not record
   */
  resolveOrigin?(origin: FileOrigin, file: KnownFile): ResolvedModel | undefined;
  /**
   * Opens a range of a file, once: retrying is the caller's business. `{start: 0, end: Infinity}`
   * is the whole file. Errors worth another attempt carry `detail.transient: true`.
   *
   * @throws StoreError `ERR_STORE_UPSTREAM_ERROR`, `ERR_STORE_UPSTREAM_CHANGED`, …
   */
  open(
    model: ResolvedModel,
    file: SourceFile,
    range: ByteRange,
    options?: AbortOptions,
  ): Promise<OpenedRange>;
}
