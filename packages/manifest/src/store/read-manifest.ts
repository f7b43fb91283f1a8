import {
  type Descriptor,
  type Digest,
  digestBytes,
  type FsPort,
  readDocument,
} from "@store/layout";

import { decodeManifest } from "../document/decode-manifest.ts";
import type { Document } from "../document/document.ts";
import { MANIFEST_BYTES_MAX } from "../document/manifest-json.ts";
import type { Name } from "../name/name.ts";
import { ifThere } from "./absent.ts";
import type { StoredManifest } from "./manifest-store.ts";

/** The bytes of a manifest's file, of whatever content; `undefined` if it is not there. */
export async function readManifestBytes(fs: FsPort, path: string): Promise<Uint8Array | undefined> {
  return ifThere(
    readDocument(fs, path, {
      bytesMax: MANIFEST_BYTES_MAX,
      tooLargeCode: "ERR_STORE_MANIFEST_TOO_LARGE",
    }),
  );
}

/** @throws StoreError as `decodeManifest` does, with the path */
export async function readManifest(
  fs: FsPort,
  name: Name,
  path: string,
): Promise<StoredManifest | undefined> {
  const bytes = await readManifestBytes(fs, path);
  if (bytes === undefined) return undefined;
  return toStored(name, path, decodeManifest(bytes, { path }), bytes);
}

export function toStored(
  name: Name,
  path: string,
  document: Document,
  bytes: Uint8Array,
): StoredManifest {
  return { name, path, bytes, document, descriptor: describeManifest(document, bytes) };
}

export function describeManifest(document: Document, bytes: Uint8Array): Descriptor {
  const mediaType = document.kind === "v1" ? "application/json" : document.mediaType;
  return { digest: digestBytes(bytes), size: bytes.length, mediaType };
}

/** The digest of the blob a manifest itself is; those of the v1 convention are none. */
export function ownBlob(document: Document, descriptor: Descriptor): readonly Digest[] {
  return document.kind === "v1" ? [] : [descriptor.digest];
}
