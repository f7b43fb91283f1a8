import {
  type AbortOptions,
  type BlobStore,
  type Digest,
  isStoreError,
  type Layout,
  openBlobStore,
  type ProgressOptions,
  type StoreError,
} from "@store/layout";

import { packDirectoryOf } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { PackReader } from "../chkl/pack-reader.ts";
import { openPackSet } from "../set/open-pack-set.ts";
import type { PackSet } from "../set/pack-set.ts";
import { retirePacks } from "../trash/retire-packs.ts";
import { isLoose } from "./is-loose.ts";

/** One blob is loose again. */
export interface UnpackBlobsEvent {
  readonly kind: "unpacked";
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface UnpackBlobsOptions extends AbortOptions, ProgressOptions<UnpackBlobsEvent> {}

export interface UnpackBlobsReport {
  /** Blobs that have a file of their own now and had none. */
  readonly unpacked: readonly Digest[];
  /** Blobs that no pack holds. */
  readonly absent: readonly Digest[];
  /** Blobs that could not be read from any pack, and why. */
  readonly failed: readonly { readonly digest: Digest; readonly error: StoreError }[];
  /** Packs that went, because every object of theirs has a file of its own. */
  readonly deleted: readonly PackId[];
}

/**
 * Gives packed blobs files of their own again. A pack of which every object has one then goes,
 * through D1–D4; any other stays as it is, and holds further copies until it is rewritten.
 */
export async function unpackBlobs(
  layout: Layout,
  digests: Iterable<Digest> | AsyncIterable<Digest>,
  options: UnpackBlobsOptions = {},
): Promise<UnpackBlobsReport> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const { signal, onProgress } = options;
  const blobs = openBlobStore(layout);
  await using packs = await openPackSet(layout, { signal });
  const unpacked: Digest[] = [];
  const absent: Digest[] = [];
  const failed: { digest: Digest; error: StoreError }[] = [];
  const touched = new Set<PackReader>();
  for await (const digest of digests) {
    signal?.throwIfAborted();
    const holders = packs.packs().filter((pack) => pack.findDigest(digest) !== undefined);
    const [object] = holders.map((pack) => pack.findDigest(digest));
    if (object === undefined) {
      absent.push(digest);
      continue;
    }
    for (const pack of holders) touched.add(pack);
    try {
      const was = await isLoose(blobs, digest, { signal });
      await blobs.put({ digest, size: object.size }, packs.read(digest, { signal }), { signal });
      if (was) continue;
    } catch (error) {
      if (!isStoreError(error) || error.kind !== "corrupt") throw error;
      failed.push({ digest, error });
      continue;
    }
    unpacked.push(digest);
    onProgress?.({ kind: "unpacked", digest, size: object.size });
  }
  const deleted = await deleteEmptied(layout, blobs, packs, touched, { signal });
  return { unpacked, absent, failed, deleted };
}

async function deleteEmptied(
  layout: Layout,
  blobs: BlobStore,
  packs: PackSet,
  touched: ReadonlySet<PackReader>,
  options: AbortOptions,
): Promise<readonly PackId[]> {
  const emptied = new Set<PackId>();
  const readers = packs.packs().filter((pack) => touched.has(pack));
  for (const pack of readers) if (await allLoose(pack)) emptied.add(pack.id);
  if (emptied.size === 0) return [];
  return retirePacks(packDirectoryOf(layout), [...emptied], async (trashed) => {
    const going = new Set<PackId>();
    // INV-4: this look comes after D1, and a loose file on its way into a pack gets its name back.
    for (const pack of readers) {
      if (trashed.has(pack.id) && (await allLoose(pack))) going.add(pack.id);
    }
    return going;
  });

  async function allLoose(pack: PackReader): Promise<boolean> {
    if (pack.identifiedCount !== pack.count) return false;
    for (const { digest } of pack.objects()) {
      if (!(await isLoose(blobs, digest, options))) return false;
    }
    return true;
  }
}
