import { type Digest, isDigest, isStoreError, parseDigest } from "@store/layout";

import { manifestInvalid, manifestUnsupported, type Origin } from "../document/manifest-error.ts";
import type { ManifestJson } from "../document/manifest-json.ts";
import { shapeV1 } from "../schemas.ts";
import { SOURCE_FIELDS, V1_FIELDS } from "./v1-fields.ts";
import type { V1Manifest, V1Source } from "./v1-manifest.ts";

/** @throws StoreError `ERR_STORE_MANIFEST_INVALID`, `ERR_STORE_MANIFEST_VERSION_UNSUPPORTED` */
export function decodeV1(json: ManifestJson, origin: Origin): V1Manifest {
  const { root } = json;
  const version = root["schema_version"];
  if (typeof version === "number" && version > 1) throw manifestUnsupported(version, origin);
  const shaped = shapeV1(root);
  if ("issues" in shaped) throw manifestInvalid(shaped.issues, origin);
  const { value } = shaped;
  const sourceExtra = json.unknownMembers(SOURCE_FIELDS, "source");
  const extra = json.unknownMembers(V1_FIELDS);
  const source: V1Source =
    sourceExtra === undefined ? value.source : { ...value.source, extra: sourceExtra };
  const manifest: V1Manifest = {
    kind: "v1",
    name: value.name,
    format: value.format,
    blob: decodeBlob(value.blob, origin),
    size: value.size_bytes,
    license: value.license ?? undefined,
    source,
    producedBy: value.produced_by,
    producedAt: value.produced_at,
  };
  return extra === undefined ? manifest : { ...manifest, extra };
}

function decodeBlob(text: string, origin: Origin): Digest {
  if (isDigest(text)) return text;
  try {
    return parseDigest(text);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_DIGEST_INVALID")) throw error;
    throw manifestInvalid([`blob: ${error.message}`], origin, error);
  }
}
