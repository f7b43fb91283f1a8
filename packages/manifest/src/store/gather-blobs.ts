import type { AbortOptions, BlobReader, Descriptor, Digest } from "@store/layout";

import { decodeManifest } from "../document/decode-manifest.ts";
import type { Document } from "../document/document.ts";
import { manifestInvalid } from "../document/manifest-error.ts";
import { describedBlobs } from "../document/referenced-digests.ts";
import { isManifestType } from "../linked/media-types.ts";
import { readManifestBlob } from "./read-blob.ts";

/** An index of indexes is rare, a third level unheard of. Ends recursion. */
const INDEX_DEPTH_MAX = 4;
/** A manifest for each platform there is, several times over. Bounds the reading one name can cause. */
const NESTED_COUNT_MAX = 1_000;

/** Everything a document needs below itself. */
export interface Gathered {
  /** Blobs that must be there. */
  readonly needed: readonly Descriptor[];
  /** Manifests an index names that the store does not have: other platforms, as a rule. */
  readonly absent: readonly Descriptor[];
}

/**
 * All blobs a document names, through the manifests an index leads to. Those that are present count
 * with everything they name; those that are absent are nobody's loss.
 *
 * @throws StoreError if a present manifest cannot be read, or the nesting has no end in sight
 */
export async function gatherBlobs(
  document: Document,
  blobs: Pick<BlobReader, "stat" | "read">,
  options: AbortOptions = {},
): Promise<Gathered> {
  const needed: Descriptor[] = [];
  const absent: Descriptor[] = [];
  const seen = new Set<Digest>();

  async function visit(entry: Descriptor, depth: number): Promise<void> {
    if (seen.has(entry.digest)) return;
    seen.add(entry.digest);
    if (seen.size > NESTED_COUNT_MAX) {
      throw manifestInvalid([`an index with more than ${NESTED_COUNT_MAX} manifests`]);
    }
    if (!isManifestType(entry.mediaType ?? "")) {
      const there = (await blobs.stat(entry.digest, options)) !== undefined;
      (there ? needed : absent).push(entry);
      return;
    }
    const bytes = await readManifestBlob(blobs, entry.digest, options);
    if (bytes === undefined) {
      absent.push(entry);
      return;
    }
    needed.push(entry);
    await expand(decodeManifest(bytes, { path: `blob ${entry.digest}` }), depth + 1);
  }

  async function expand(inner: Document, depth: number): Promise<void> {
    if (inner.kind !== "index") {
      needed.push(...describedBlobs(inner));
      return;
    }
    if (depth >= INDEX_DEPTH_MAX) {
      throw manifestInvalid([`indexes nested deeper than ${INDEX_DEPTH_MAX}`]);
    }
    for (const entry of inner.manifests) await visit(entry, depth);
  }

  await expand(document, 0);
  return { needed, absent };
}
