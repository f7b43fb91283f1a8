import { type BlobStore, type Digest, type Layout, openBlobStore, overlay } from "@store/layout";

import { openPackSet, type PackSet } from "../../src/index.ts";

/** Loose and packed blobs of a layout as one, as the apps put them together. */
export interface OpenedBlobs extends AsyncDisposable {
  readonly blobs: BlobStore;
  readonly packs: PackSet;
}

export async function openBlobs(layout: Layout): Promise<OpenedBlobs> {
  const packs = await openPackSet(layout);
  const blobs = overlay({ writable: openBlobStore(layout), packs });
  return { blobs, packs, [Symbol.asyncDispose]: () => packs[Symbol.asyncDispose]() };
}

/** Adds contents loose and answers their digests, in order. */
export async function addAll(
  layout: Layout,
  contents: readonly Uint8Array[],
): Promise<readonly Digest[]> {
  const blobs = openBlobStore(layout);
  const digests: Digest[] = [];
  for (const content of contents) digests.push((await blobs.add(content)).digest);
  return digests;
}

/** The digests that have a file of their own. */
export async function listLoose(layout: Layout): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for await (const digest of openBlobStore(layout).list()) found.push(digest);
  return found;
}

/** Nothing is needed by anybody. */
export const noOneNeeds = async (): Promise<ReadonlySet<Digest>> => new Set<Digest>();
