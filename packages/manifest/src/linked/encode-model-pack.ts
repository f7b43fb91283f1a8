import { type Descriptor, type Digest, digestBytes } from "@store/layout";

import { checkFilePaths } from "../document/file-path.ts";
import { roleOfPath } from "../document/file-role.ts";
import type { FileRole } from "../document/document.ts";
import { MODEL_PACK_PREFIX, OCI_IMAGE } from "./media-types.ts";
import { encodeModelPackConfig, type ModelPackMeta } from "./model-pack-config.ts";

/** A file on its way into an artifact; its blob is the file itself. */
export interface ModelPackFile {
  /** Relative, `/` between segments. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** Of the layer; told by the path where it is left out. */
  readonly mediaType?: string | undefined;
}

/** Bytes with their identity, size and media type. */
export interface EncodedDocument {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

export interface EncodedModelPack extends EncodedDocument {
  /** A blob the manifest names: store it before the manifest is published. */
  readonly config: EncodedDocument;
}

/**
 * A model of several files as a CNCF ModelPack artifact: an OCI image manifest whose layers are the
 * raw files, so that a layer's digest is the file's SHA-256 (and its LFS oid on Hugging Face).
 *
 * The same files and words give the same bytes, in whatever order the files come. Source: the
 * ModelPack specification, `specs-go/v1` (media types, config, annotations).
 *
 * @throws StoreError `ERR_STORE_FILE_PATH_INVALID`
 * @throws TypeError for a model without files
 */
export function encodeModelPack(
  files: readonly ModelPackFile[],
  meta: ModelPackMeta = {},
): EncodedModelPack {
  if (files.length === 0) throw new TypeError("a model has at least one file");
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  checkFilePaths(sorted.map(({ path }) => path));
  const config = describe(
    encodeModelPackConfig(
      sorted.map(({ digest }) => digest),
      meta,
    ),
    `${MODEL_PACK_PREFIX}config.v1+json`,
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    artifactType: `${MODEL_PACK_PREFIX}manifest.v1+json`,
    config: inOrder(config.descriptor),
    layers: sorted.map(layerOf),
    annotations: sortedAnnotations(meta.annotations),
  };
  return { ...describe(encodeJson(manifest), OCI_IMAGE), config };
}

function describe(bytes: Uint8Array, mediaType: string): EncodedDocument {
  return { bytes, descriptor: { digest: digestBytes(bytes), size: bytes.length, mediaType } };
}

function layerOf({ path, size, digest, mediaType }: ModelPackFile): object {
  return {
    mediaType: mediaType ?? layerTypes[roleOfPath(path)],
    digest,
    size,
    annotations: {
      "org.cncf.model.filepath": path,
      // oras writes a file only where the title is.
      "org.opencontainers.image.title": path,
    },
  };
}

/** The fields of a descriptor in the order of the OCI specification. */
function inOrder({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function sortedAnnotations(
  annotations: ModelPackMeta["annotations"] = {},
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const layerTypes: Readonly<Record<FileRole, string>> = {
  weights: `${MODEL_PACK_PREFIX}weight.v1.raw`,
  config: `${MODEL_PACK_PREFIX}weight.config.v1.raw`,
  doc: `${MODEL_PACK_PREFIX}doc.v1.raw`,
  code: `${MODEL_PACK_PREFIX}code.v1.raw`,
  other: `${MODEL_PACK_PREFIX}weight.config.v1.raw`,
};

function encodeJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
