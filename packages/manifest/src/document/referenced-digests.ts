import type { Descriptor, Digest } from "@store/layout";

import type { Document } from "./document.ts";

/**
 * Every digest a document names, each once: the blob of a v1 manifest; config and layers of an
 * image manifest; the manifests of an index. A `subject` is not among them: it is whom a document
 * speaks about, and may well be absent.
 */
export function referencedDigests(document: Document): ReadonlySet<Digest> {
  return new Set(describedBlobs(document).map(({ digest }) => digest));
}

/** The same with sizes, in the document's order; a digest may come up more than once. */
export function describedBlobs(document: Document): readonly Descriptor[] {
  if (document.kind === "v1") return [{ digest: document.blob, size: document.size }];
  if (document.kind === "index") return document.manifests;
  return document.config === undefined ? document.layers : [document.config, ...document.layers];
}
