import type { Digest } from "@store/layout";

/** Where the bytes of a v1 manifest came from. Diagnostic; any field may be empty. */
export interface V1Source {
  /** Host name. */
  readonly registry: string;
  /** Path on that host: `org/model`. */
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** File name in the repository. */
  readonly filename: string;
  /** Fields unknown to us, kept on rewrite. */
  readonly extra?: readonly ExtraField[] | undefined;
}

/** A field this code does not know: its key, and its value as the JSON text it was written in. */
export interface ExtraField {
  readonly key: string;
  readonly json: string;
}

/**
 * A manifest of the Shared Local Model Store convention, schema version 1: one name, one blob.
 * The fields are those of inferd's file, in the order they are written.
 */
export interface V1Manifest {
  readonly kind: "v1";
  readonly name: string;
  /** `gguf`, `safetensors`, … */
  readonly format: string;
  readonly blob: Digest;
  /** Bytes of the blob (`size_bytes`). */
  readonly size: number;
  /** SPDX identifier, where known. */
  readonly license: string | undefined;
  readonly source: V1Source;
  /** `<tool>/<version>` */
  readonly producedBy: string;
  /** RFC 3339 UTC in seconds, with `Z`: see `formatProducedAt`. */
  readonly producedAt: string;
  /** Fields unknown to us, kept on rewrite, in their original order. */
  readonly extra?: readonly ExtraField[] | undefined;
}
