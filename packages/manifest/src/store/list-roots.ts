import {
  type AbortOptions,
  type Digest,
  isStoreError,
  type Layout,
  type BlobReader,
} from "@store/layout";

import { formatName } from "../name/format-name.ts";
import { gatherBlobs } from "./gather-blobs.ts";
import type { Root } from "./manifest-store.ts";
import { ownBlob } from "./read-manifest.ts";
import { readWalked, type WalkedManifest } from "./read-walked.ts";
import { rootUnreadable } from "./store-errors.ts";
import { walkManifests } from "./walk-manifests.ts";
import type { WalkedFile } from "./walked-file.ts";

/**
 * Every name with all it needs (INV-5: the first one that cannot be read whole is an error, since
 * what it needs is then unknown).
 *
 * A file whose path carries no name is a root too if it is a manifest: some tool may still find its
 * model by it. If it is none, it is passed over.
 */
export async function* listRoots(
  layout: Layout,
  blobs: Pick<BlobReader, "stat" | "read">,
  options: AbortOptions = {},
): AsyncGenerator<Root> {
  for await (const files of walkAll(layout, options)) {
    for await (const read of readWalked(layout.fs, files, options)) {
      options.signal?.throwIfAborted();
      const root = await rootOf(blobs, read, options);
      if (root !== undefined) yield root;
    }
  }
}

async function* walkAll(
  layout: Layout,
  options: AbortOptions,
): AsyncGenerator<readonly WalkedFile[]> {
  try {
    yield* walkManifests(layout.fs, layout.paths.manifests, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw rootUnreadable(layout.paths.manifests, error);
  }
}

/** The root a file is, `undefined` if it is none. */
async function rootOf(
  blobs: Pick<BlobReader, "stat" | "read">,
  read: WalkedManifest,
  options: AbortOptions,
): Promise<Root | undefined> {
  const { file } = read;
  const called = file.kind === "name" ? formatName(file.name) : file.path;
  try {
    if (file.kind === "blocked") throw new Error("a link stands where a directory should");
    // Gone since the directory was read: whoever gave its blobs another name looks again (P4).
    if ("gone" in read) return undefined;
    if ("error" in read) throw read.error;
    const { document, descriptor } = read.stored;
    const { needed, absent } = await gatherBlobs(document, blobs, options);
    const digests = new Set<Digest>(ownBlob(document, descriptor));
    for (const { digest } of [...needed, ...absent]) digests.add(digest);
    return { name: called, digests: [...digests].toSorted() };
  } catch (error) {
    options.signal?.throwIfAborted();
    // Corrupt means read to the end, and no manifest; anything else means it could not be read.
    if (file.kind === "stray" && isStoreError(error) && error.kind === "corrupt") return undefined;
    throw rootUnreadable(called, error);
  }
}
