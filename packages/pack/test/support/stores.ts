import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type BlobStore,
  type Digest,
  type FsPort,
  type Layout,
  openBlobStore,
  openLayout,
  overlay,
} from "@store/layout";

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

/** Where a sync costs nothing: for tests that make thousands of stores. */
const MEMORY = "/dev/shm";

/** A store in memory where there is such a place, gone when it is disposed. */
export interface MemoryStore extends AsyncDisposable {
  readonly root: string;
  readonly layout: Layout;
  reopen(fs?: FsPort): Promise<Layout>;
}

export async function createMemoryStore(): Promise<MemoryStore> {
  const parent = await stat(MEMORY).then(
    () => MEMORY,
    () => tmpdir(),
  );
  const directory = await mkdtemp(join(parent, "store-pack-"));
  const root = join(directory, "models");
  const reopen = (fs?: FsPort): Promise<Layout> => openLayout(root, fs === undefined ? {} : { fs });
  return {
    root,
    layout: await reopen(),
    reopen,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
