/** Media types of manifests, in the words of their makers. */
export const OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** Ollama's layers: `application/vnd.ollama.image.model` and so on. */
export const OLLAMA_PREFIX = "application/vnd.ollama.image.";

/** Docker Model Runner's layers. */
export const DOCKER_AI_PREFIX = "application/vnd.docker.ai.";

/** CNCF ModelPack, and the name it had before. */
export const MODEL_PACK_PREFIX = "application/vnd.cncf.model.";
export const MODEL_PACK_OLD_PREFIX = "application/vnd.cnai.model.";

/** Whether a descriptor of this type leads to a further manifest. */
export function isManifestType(mediaType: string): boolean {
  return manifestKindOf(mediaType) !== undefined;
}

/** What a document of this type is, or `undefined` for a type that is no manifest. */
export function manifestKindOf(mediaType: string): "image" | "index" | undefined {
  if (mediaType === OCI_IMAGE || mediaType === DOCKER_IMAGE) return "image";
  if (mediaType === OCI_INDEX || mediaType === DOCKER_LIST) return "index";
  return undefined;
}
