import type { AbortOptions } from "../abort-options.ts";
import type { Ingest } from "../blobs/blob-store.ts";
import { findBlob, type FoundBlob } from "../blobs/find-blob.ts";
import type { ByteRange } from "../byte-source.ts";
import type { Digest } from "../digest/digest.ts";
import { isStoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { ingestLost } from "../ingest/finish-ingest.ts";
import { continueIngest, openIngest } from "../ingest/open-ingest.ts";
import { createRangeSet } from "../ingest/range-set.ts";
import type { Layout } from "../root/layout.ts";
import { CHUNK_BYTES, type ChunkMap } from "../sidecars/chunk-map.ts";
import { readChunkMap } from "../sidecars/chunk-sidecar.ts";
import { chunkRange, type Damage, findDamage, readGoodChunk } from "./find-damage.ts";

export interface RepairTarget {
  readonly digest: Digest;
  /** Bytes, where known. */
  readonly size?: number | undefined;
}

export interface OpenRepairOptions extends AbortOptions {
  /** `false`: takes nothing from the damaged file, whatever its chunks look like. */
  readonly keepGood?: boolean | undefined;
}

/**
 * Hashes a loose blob and, if it is damaged or not there, opens the way in for right bytes. Only what
 * has to be fetched is missing of the ingest: chunks of the damaged file that still have the sums
 * that were recorded when it was right are taken over when it commits. Without such a record, or
 * without the file, everything is missing.
 *
 * Until the commit nothing about the blob changes. The commit compares the SHA-256 of the whole and
 * then replaces the file in one step; the wrong bytes go to quarantine (INV-8).
 *
 * @returns `undefined` for a blob that is there and right
 */
export async function openRepair(
  layout: Layout,
  target: RepairTarget,
  options: OpenRepairOptions = {},
): Promise<Ingest | undefined> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const { digest } = target;
  return explaining(`repair blob ${digest}`, async () => {
    const found = await findFile(layout, digest);
    if (found === undefined) return openIngest(layout, target, options);
    const file = await layout.fs.open(found.path, "read");
    try {
      const map = await readChunkMap(layout, digest);
      const damage = await findDamage(file, digest, map, options);
      if (damage !== undefined) {
        return await openReplacement(layout, target, { file, damage, map }, options);
      }
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    await file.close().catch(() => {});
    return undefined;
  });
}

/** An empty file under the final name is damage like any other. */
async function findFile(
  layout: Layout,
  digest: Digest,
): Promise<Pick<FoundBlob, "path"> | undefined> {
  try {
    return await findBlob(layout, digest);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_BLOB_SIZE_MISMATCH")) throw error;
    return { path: layout.paths.blob(digest) };
  }
}

interface Damaged {
  readonly file: FsFile;
  readonly damage: Damage;
  readonly map: ChunkMap | undefined;
}

/** @param damaged its file is closed when the ingest is, and before that if this throws */
async function openReplacement(
  layout: Layout,
  { digest, size }: RepairTarget,
  { file, damage, map }: Damaged,
  { keepGood = true }: OpenRepairOptions,
): Promise<Ingest> {
  const usable = keepGood ? map : undefined;
  const ingest = await continueIngest(
    layout,
    { digest, size: usable?.size ?? size },
    { replaces: { inode: (await file.stat()).inode, actual: damage.actual } },
  );
  const good = createRangeSet(usable === undefined ? [] : damage.good);
  let closing: Promise<void> | undefined;
  // It was only read from.
  const close = (): Promise<void> => (closing ??= file.close().catch(() => {}));

  async function takeGood(options: AbortOptions): Promise<void> {
    if (usable === undefined) return;
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (const index of usable.sums.keys()) {
      options.signal?.throwIfAborted();
      const range = chunkRange(usable, index);
      if (good.missing(range).length > 0 || !overlaps(ingest.missing(), range)) continue;
      const bytes = await readGoodChunk(file, usable, index, buffer);
      if (bytes === undefined) throw ingestLost(digest, "its damaged file changes meanwhile");
      await ingest.writeAt(range.start, bytes);
    }
  }

  return {
    ...ingest,
    missing: () => ingest.missing().flatMap((gap) => good.missing(gap)),
    async commit(options = {}) {
      await explaining(`repair blob ${digest}`, () => takeGood(options));
      const info = await ingest.commit(options);
      await close();
      return info;
    },
    async discard() {
      await close();
      await ingest.discard();
    },
    async [Symbol.asyncDispose]() {
      await close();
      await ingest[Symbol.asyncDispose]();
    },
  };
}

const overlaps = (gaps: readonly ByteRange[], range: ByteRange): boolean =>
  gaps.some(({ start, end }) => start < range.end && end > range.start);
