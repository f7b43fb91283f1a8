import { isStoreError } from "@store/layout";

import type { ImageManifest } from "../linked/linked-manifest.ts";
import type { V1Manifest } from "../v1/v1-manifest.ts";
import type { Document, ModelFile } from "./document.ts";
import { checkFilePaths, isFilePath } from "./file-path.ts";
import { layerFile } from "./layer-file.ts";
import { manifestInvalid } from "./manifest-error.ts";

/**
 * The files of a model, in the document's order.
 *
 * A v1 manifest has one, called after `source.filename` where that is a usable path, else after the
 * name and format. An image manifest has one per layer that says how it is called (ModelPack's
 * file path, the OCI title, Ollama's tensor name) or is of a kind whose name we know
 * (`model.gguf`, `template`, `params.json`, … for Ollama's). An index has none of its own.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID` if a path could not be created on every platform
 */
export function filesOf(document: Document): readonly ModelFile[] {
  if (document.kind === "index") return [];
  return document.kind === "v1" ? [fileOfV1(document)] : filesOfImage(document);
}

function fileOfV1(manifest: V1Manifest): ModelFile {
  const { name, format, source, blob, size } = manifest;
  const candidates = [source.filename, `${name}.${format}`, name];
  const path = candidates.find((candidate) => isFilePath(candidate)) ?? "model";
  return { path, digest: blob, size, mediaType: "", role: "weights" };
}

function filesOfImage(manifest: ImageManifest): readonly ModelFile[] {
  const files: ModelFile[] = [];
  const taken = new Set<string>();
  for (const layer of manifest.layers) {
    const file = layerFile(layer);
    if (file === undefined) continue;
    const path = file.invented ? freePath(file.path, taken) : file.path;
    taken.add(path);
    const { digest, size, mediaType } = layer;
    files.push({ path, digest, size, mediaType, role: file.role });
  }
  try {
    checkFilePaths(files.map(({ path }) => path));
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_FILE_PATH_INVALID")) throw error;
    throw manifestInvalid([error.message], {}, error);
  }
  return files;
}

/** `license`, `license-2`, `license-3`; `model.gguf`, `model-2.gguf`. */
function freePath(path: string, taken: ReadonlySet<string>): string {
  if (!taken.has(path)) return path;
  const dot = path.lastIndexOf(".");
  const [stem, ending] = dot < 0 ? [path, ""] : [path.slice(0, dot), path.slice(dot)];
  for (let count = 2; ; count += 1) {
    const numbered = `${stem}-${count}${ending}`;
    if (!taken.has(numbered)) return numbered;
  }
}
