import type { Document, Name } from "@store/manifest";

import type { ModelOrigin, ResolvedModel } from "../source.ts";
import type { ExistingManifest } from "./read-existing.ts";

/** Manifest annotations that say where a model came from (OCI image specification). */
export const SOURCE_ANNOTATION = "org.opencontainers.image.source";
export const REVISION_ANNOTATION = "org.opencontainers.image.revision";

/** The address of a model's source as one text, `undefined` where there is none: a local file. */
export function sourceUrlOf({
  registry,
  repo,
}: Pick<ModelOrigin, "registry" | "repo">): string | undefined {
  if (registry === "") return undefined;
  return `https://${registry}${repo === "" ? "" : `/${repo}`}`;
}

/**
 * Whether a recorded model came from the same place, whatever its revision: then a pull brings it
 * up to date. Of local files nobody can tell.
 */
export function isSameSource(
  { name, document, places }: Pick<ExistingManifest, "name" | "document" | "places">,
  { source: origin, place }: Pick<ResolvedModel, "source" | "place">,
): boolean {
  const url = sourceUrlOf(origin);
  if (url === undefined) return false;
  switch (document.kind) {
    case "v1": {
      const { source } = document;
      return sourceUrlOf(source) === url && source.filename === origin.filename;
    }
    case "image":
      // A manifest kept byte for byte has no word of ours in it: then what was written down beside
      // it counts, and the name is the address where it is the registry's own.
      if (place !== undefined && places.includes(place)) return true;
      return (document.annotations[SOURCE_ANNOTATION] ?? addressOf(name)) === url;
    case "index":
      return false;
  }
}

/** Where a registry has the model of this name, as `sourceUrlOf` says it. */
function addressOf(name: Name): string | undefined {
  return name.kind === "flat"
    ? undefined
    : sourceUrlOf({
        registry: name.host,
        repo: `${name.namespace}/${name.model}`,
      });
}

/** The revision a recorded model was pulled at, `""` where it says none. */
export function revisionOf(document: Document): string {
  if (document.kind === "v1") return document.source.revision;
  return document.annotations[REVISION_ANNOTATION] ?? "";
}
