import type { Digest } from "@store/layout";

import type { ImageIndex, ImageManifest } from "../linked/linked-manifest.ts";
import type { V1Manifest } from "../v1/v1-manifest.ts";

/** Everything a name can lead to, told apart by `kind`. */
export type Document = V1Manifest | ImageManifest | ImageIndex;

/** What a file of a model is for. */
export type FileRole = "weights" | "config" | "doc" | "code" | "other";

/** One file of a model: a checked relative path and the blob that holds its bytes. */
export interface ModelFile {
  /** Relative, `/` between segments; safe to create below any directory on any platform. */
  readonly path: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Empty where the document does not say. */
  readonly mediaType: string;
  readonly role: FileRole;
}
