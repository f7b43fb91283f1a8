import { type Digest, EMPTY_DIGEST } from "@store/layout";

import { manifestInvalid, manifestUnsupported, type Origin } from "../document/manifest-error.ts";
import { decodeDigest, formatField } from "../document/decode-digest.ts";
import type { JsonObject } from "../json/json-value.ts";
import { quoteText } from "../name/name-error.ts";
import { type DescriptorShape, shapeImage, shapeIndex } from "../schemas.ts";
import type {
  Annotations,
  ImageIndex,
  ImageManifest,
  LinkedDescriptor,
} from "./linked-manifest.ts";
import { manifestKindOf, OCI_IMAGE, OCI_INDEX } from "./media-types.ts";

/** What Go writes for a digest nobody set; Ollama's client leaves it in `config`. */
const ZERO_DIGEST = `sha256:${"0".repeat(64)}`;

/**
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID`, `ERR_STORE_MANIFEST_VERSION_UNSUPPORTED`,
 * `ERR_STORE_DIGEST_UNSUPPORTED`
 */
export function decodeLinked(root: JsonObject, origin: Origin): ImageManifest | ImageIndex {
  const version = root["schemaVersion"];
  if (typeof version === "number" && version !== 2) throw manifestUnsupported(version, origin);
  return kindOf(root, origin) === "index" ? decodeIndex(root, origin) : decodeImage(root, origin);
}

/**
 * A document is what its fields make it. One that is both kinds, or says it is the other one,
 * would be read as one thing here and as another elsewhere (CVE-2021-41190).
 */
function kindOf(root: JsonObject, origin: Origin): "image" | "index" {
  const has = (key: string): boolean => root[key] !== undefined && root[key] !== null;
  const asIndex = has("manifests");
  const asImage = has("layers") || has("config");
  if (asIndex && asImage) {
    throw manifestInvalid(["both an image manifest and an index"], origin);
  }
  const { mediaType } = root;
  const declared = typeof mediaType === "string" ? mediaType : "";
  const kind = manifestKindOf(declared);
  if (declared !== "" && kind === undefined) {
    throw manifestInvalid([`mediaType: ${quoteText(declared)} is no manifest`], origin);
  }
  if (!asIndex && !asImage && kind === undefined) {
    throw manifestInvalid(["no layers, config or manifests"], origin);
  }
  const found = asIndex ? "index" : asImage ? "image" : kind;
  if (found === undefined || (kind !== undefined && kind !== found)) {
    throw manifestInvalid(
      [`mediaType: says ${kind}, but the fields are those of ${found}`],
      origin,
    );
  }
  return found;
}

function decodeImage(root: JsonObject, origin: Origin): ImageManifest {
  const shaped = shapeImage(root);
  if ("issues" in shaped) throw manifestInvalid(shaped.issues, origin);
  const { value } = shaped;
  const { config } = value;
  const absent = !config || (config.digest === ZERO_DIGEST && config.size === 0);
  const manifest: ImageManifest = {
    kind: "image",
    mediaType: value.mediaType || OCI_IMAGE,
    artifactType: value.artifactType,
    config: absent ? undefined : decodeDescriptor("config", config, origin),
    layers: decodeList("layers", value.layers, origin),
    subject: value.subject ? decodeDescriptor("subject", value.subject, origin) : undefined,
    annotations: copyAnnotations(value.annotations),
  };
  checkSizes([manifest.config, ...manifest.layers, manifest.subject], origin);
  return manifest;
}

function decodeIndex(root: JsonObject, origin: Origin): ImageIndex {
  const shaped = shapeIndex(root);
  if ("issues" in shaped) throw manifestInvalid(shaped.issues, origin);
  const { value } = shaped;
  const index: ImageIndex = {
    kind: "index",
    mediaType: value.mediaType || OCI_INDEX,
    artifactType: value.artifactType,
    manifests: decodeList("manifests", value.manifests, origin),
    subject: value.subject ? decodeDescriptor("subject", value.subject, origin) : undefined,
    annotations: copyAnnotations(value.annotations),
  };
  checkSizes([...index.manifests, index.subject], origin);
  return index;
}

function decodeList(
  field: string,
  shapes: readonly DescriptorShape[] | null | undefined,
  origin: Origin,
): readonly LinkedDescriptor[] {
  return (shapes ?? []).map((shape, index) => decodeDescriptor(field, shape, origin, index));
}

function decodeDescriptor(
  field: string,
  shape: DescriptorShape,
  origin: Origin,
  index?: number,
): LinkedDescriptor {
  const digest = decodeDigest(shape.digest, origin, field, index);
  const { size } = shape;
  if ((digest === EMPTY_DIGEST) !== (size === 0)) {
    const called = formatField(field, index);
    throw manifestInvalid([`${called}: ${digest} cannot have ${size} bytes`], origin);
  }
  return {
    digest,
    size,
    mediaType: shape.mediaType ?? "",
    artifactType: shape.artifactType,
    annotations: copyAnnotations(shape.annotations),
    name: shape.name,
    platform: formatPlatform(shape.platform),
  };
}

/** The descriptors of one document must not contradict each other. */
function checkSizes(descriptors: readonly (LinkedDescriptor | undefined)[], origin: Origin): void {
  const sizes = new Map<Digest, number>();
  let count = 0;
  for (const descriptor of descriptors) {
    if (descriptor === undefined) continue;
    sizes.set(descriptor.digest, descriptor.size);
    count += 1;
  }
  if (sizes.size === count) return;
  for (const descriptor of descriptors) {
    if (descriptor === undefined) continue;
    const { digest, size } = descriptor;
    const other = sizes.get(digest);
    if (other !== size)
      throw manifestInvalid([`${digest} has two sizes, ${size} and ${other}`], origin);
  }
}

function formatPlatform(platform: DescriptorShape["platform"]): string | undefined {
  if (!platform) return undefined;
  const parts = [platform.os, platform.architecture, platform.variant];
  return parts.filter((part) => part !== undefined && part !== "").join("/") || undefined;
}

const NO_ANNOTATIONS: Annotations = Object.freeze(Object.create(null) as Record<string, string>);

function copyAnnotations(from: DescriptorShape["annotations"]): Annotations {
  if (!from) return NO_ANNOTATIONS;
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string>, from));
}
