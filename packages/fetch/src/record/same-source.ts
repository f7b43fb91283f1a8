import type { Document } from "@store/manifest";

import type { ModelOrigin } from "../source.ts";

/** Manifest annotations that say where a model came from (OCI image specification). */
export const SOURCE_ANNOTATION = "org.opencontainers.image.source";
export const REVISION_ANNOTATION = "org.opencontainers.image.revision";

/** The address of a model's source as one text, `undefined` where there is none: a local file. */
export function sourceUrlOf({ registry, repo }: ModelOrigin): string | undefined {
  if (registry === "") return undefined;
  return `https://${registry}${repo === "" ? "" : `/${repo}`}`;
}

/**
 * Whether a recorded model came from the same place, whatever its revision: then a pull brings it
 * up to date. Of local files nobody can tell.
 */
export function isSameSource(document: Document, origin: ModelOrigin): boolean {
  const url = sourceUrlOf(origin);
  if (url === undefined) return false;
  switch (document.kind) {
    case "v1": {
      const { source } = document;
      return sourceUrlOf(source) === url && source.filename === origin.filename;
    }
    case "image":
      return document.annotations[SOURCE_ANNOTATION] === url;
    case "index":
      return false;
  }
}

/** The revision a recorded model was pulled at, `""` where it says none. */
export function revisionOf(document: Document): string {
  if (document.kind === "v1") return document.source.revision;
  return document.annotations[REVISION_ANNOTATION] ?? "";
}
