import { decodeText } from "../json/decode-text.ts";
import { decodeLinked } from "../linked/decode-linked.ts";
import { decodeV1 } from "../v1/decode-v1.ts";
import type { Document } from "./document.ts";
import { manifestInvalid, manifestTooLarge, type Origin } from "./manifest-error.ts";
import { MANIFEST_BYTES_MAX, parseManifestJson } from "./manifest-json.ts";

export interface DecodeOptions {
  /** Where the bytes come from, for messages. */
  readonly path?: string | undefined;
}

/**
 * Reads any manifest a name can lead to: v1, OCI image manifest and index, Docker manifest and
 * list, Ollama's and ModelPack's among them. The kind is told by the fields, not by a caller.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID` for anything that is not strictly valid,
 * `ERR_STORE_MANIFEST_TOO_LARGE` above 4 MiB, `ERR_STORE_MANIFEST_VERSION_UNSUPPORTED`,
 * `ERR_STORE_DIGEST_UNSUPPORTED` for a blob named by anything but SHA-256
 */
export function decodeManifest(bytes: Uint8Array, options: DecodeOptions = {}): Document {
  const origin: Origin = options.path === undefined ? {} : { path: options.path };
  if (bytes.length > MANIFEST_BYTES_MAX) {
    throw manifestTooLarge(bytes.length, MANIFEST_BYTES_MAX, origin);
  }
  const text = decodeText(bytes);
  if (text === undefined) throw manifestInvalid(["not UTF-8 text at offset 0"], origin);
  const json = parseManifestJson(text, origin);
  if (json.root["schema_version"] === undefined) return decodeLinked(json.root, origin);
  if (json.root["schemaVersion"] !== undefined) {
    throw manifestInvalid(["both a v1 and a linked manifest"], origin);
  }
  return decodeV1(json, origin);
}
