import type { LinkedDescriptor } from "../linked/linked-manifest.ts";
import {
  DOCKER_AI_PREFIX,
  MODEL_PACK_OLD_PREFIX,
  MODEL_PACK_PREFIX,
  OLLAMA_PREFIX,
} from "../linked/media-types.ts";
import type { FileRole } from "./document.ts";
import { roleOfPath } from "./file-role.ts";

/** What a layer becomes as a file. */
export interface LayerFile {
  readonly path: string;
  readonly role: FileRole;
  /** Whether the name is ours, so that a second one of its kind gets a number. */
  readonly invented: boolean;
}

/** Kinds of layer whose manifests give no file names, and the names we give their files. */
const named: Readonly<Record<string, readonly [path: string, role: FileRole]>> = {
  [`${OLLAMA_PREFIX}model`]: ["model.gguf", "weights"],
  [`${OLLAMA_PREFIX}projector`]: ["mmproj.gguf", "weights"],
  [`${OLLAMA_PREFIX}adapter`]: ["adapter.gguf", "weights"],
  [`${OLLAMA_PREFIX}draft`]: ["draft.gguf", "weights"],
  [`${OLLAMA_PREFIX}embed`]: ["embed", "other"],
  [`${OLLAMA_PREFIX}template`]: ["template", "config"],
  [`${OLLAMA_PREFIX}prompt`]: ["prompt", "config"],
  [`${OLLAMA_PREFIX}system`]: ["system", "config"],
  [`${OLLAMA_PREFIX}params`]: ["params.json", "config"],
  [`${OLLAMA_PREFIX}messages`]: ["messages.json", "config"],
  [`${OLLAMA_PREFIX}license`]: ["license", "doc"],
  [`${DOCKER_AI_PREFIX}gguf.v3`]: ["model.gguf", "weights"],
  [`${DOCKER_AI_PREFIX}gguf.v3.lora`]: ["adapter.gguf", "weights"],
  [`${DOCKER_AI_PREFIX}gguf.v3.mmproj`]: ["mmproj.gguf", "weights"],
  [`${DOCKER_AI_PREFIX}mmproj`]: ["mmproj.gguf", "weights"],
  [`${DOCKER_AI_PREFIX}safetensors`]: ["model.safetensors", "weights"],
  [`${DOCKER_AI_PREFIX}dduf`]: ["model.dduf", "weights"],
  [`${DOCKER_AI_PREFIX}chat.template.jinja`]: ["template.jinja", "config"],
  [`${DOCKER_AI_PREFIX}license`]: ["LICENSE", "doc"],
};

/**
 * The file a layer is, or `undefined` for one that has no file name and is of no kind we know: a
 * layer of a container image, for example. `oras` draws the same line at the title.
 */
export function layerFile(layer: LinkedDescriptor): LayerFile | undefined {
  const known = named[layer.mediaType];
  const written = writtenPath(layer);
  if (written !== undefined) {
    // An archive is a file of its own, beside the file or directory it is named after.
    const path = `${written}${archiveSuffix(layer.mediaType)}`;
    return { path, role: known?.[1] ?? roleOfLayer(layer, path), invented: false };
  }
  return known === undefined ? undefined : { path: known[0], role: known[1], invented: true };
}

function writtenPath({ annotations, mediaType, name }: LinkedDescriptor): string | undefined {
  return (
    annotations["org.cncf.model.filepath"] ??
    annotations["org.cnai.model.filepath"] ??
    annotations["org.opencontainers.image.title"] ??
    (mediaType.startsWith(OLLAMA_PREFIX) ? name : undefined)
  );
}

function archiveSuffix(mediaType: string): string {
  const archive = /\.(tar(?:\+(?:gzip|zstd))?)$/.exec(mediaType)?.[1];
  if (archive === undefined) return "";
  return archive === "tar" ? ".tar" : archive === "tar+gzip" ? ".tar.gz" : ".tar.zst";
}

function roleOfLayer({ mediaType }: LinkedDescriptor, path: string): FileRole {
  if (mediaType === `${OLLAMA_PREFIX}tensor`) return "weights";
  if (mediaType === `${OLLAMA_PREFIX}json`) return "config";
  for (const prefix of [MODEL_PACK_PREFIX, MODEL_PACK_OLD_PREFIX]) {
    if (mediaType.startsWith(prefix)) return roleOfModelPack(mediaType.slice(prefix.length));
  }
  return roleOfPath(path);
}

/** @param kind what follows the prefix: `weight.config.v1.raw` */
function roleOfModelPack(kind: string): FileRole {
  if (kind.startsWith("weight.config.")) return "config";
  if (kind.startsWith("weight.")) return "weights";
  if (kind.startsWith("doc.")) return "doc";
  if (kind.startsWith("code.")) return "code";
  return "other";
}
