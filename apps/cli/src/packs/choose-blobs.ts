import {
  type AbortOptions,
  type BlobReader,
  type Digest,
  isDigest,
  parseDigest,
} from "@store/layout";
import { referencedDigests } from "@store/manifest";

import { checkAsked, findModel } from "../models/find-model.ts";
import type { Store } from "../open-store.ts";

/** Whether a text names one blob; any other is the name of a model. */
const isBlob = (text: string): boolean => /^sha256[:-]/.test(text);

/**
 * Checks texts that name models or blobs, before anything is touched.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`, `ERR_STORE_DIGEST_INVALID`
 */
export function checkWanted(texts: readonly string[]): void {
  for (const text of texts) {
    if (isBlob(text)) parseDigest(text);
    else checkAsked(text);
  }
}

/**
 * The blobs that texts name: a digest itself, a name everything it needs and its manifest. Sorted.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_NOT_FOUND`, and what reading a manifest says
 */
export async function blobsOf(
  { manifests }: Pick<Store, "manifests">,
  texts: readonly string[],
): Promise<readonly Digest[]> {
  const digests = new Set<Digest>();
  for (const text of texts) {
    if (isBlob(text)) {
      digests.add(parseDigest(text));
      continue;
    }
    const { document, descriptor } = await findModel(manifests, text);
    for (const digest of referencedDigests(document)) digests.add(digest);
    if (document.kind !== "v1") digests.add(descriptor.digest);
  }
  return [...digests].toSorted();
}

/**
 * Loose blobs up to a size that only this program looks for. The blob of a flat name is left out:
 * other tools of the convention open it by its path.
 */
export async function smallBlobs(
  { manifests }: Pick<Store, "manifests">,
  loose: BlobReader,
  sizeMax: number,
  options: AbortOptions,
): Promise<readonly Digest[]> {
  const shared = new Set<Digest>();
  for await (const { name } of manifests.list()) {
    const document = (await manifests.get(name))?.document;
    if (document?.kind !== "v1") continue;
    for (const digest of referencedDigests(document)) shared.add(digest);
  }
  const found: Digest[] = [];
  for await (const digest of loose.list(options)) {
    if (shared.has(digest) || !isDigest(digest)) continue;
    const info = await loose.stat(digest, options);
    if (info !== undefined && info.size <= sizeMax && !info.released) found.push(digest);
  }
  return found;
}
