import type { BlobInfo } from "../blobs/blob-reader.ts";
import type { Ingest } from "../blobs/blob-store.ts";
import { ensureVerified } from "../blobs/ensure-verified.ts";
import { publishBlob } from "../blobs/publish-blob.ts";
import { notKept, sizeMismatch, sourceTooLong } from "../blobs/blob-errors.ts";
import { mismatch } from "../blobs/put-blob.ts";
import type { ByteRange } from "../byte-source.ts";
import { loadXxh64 } from "../checksum/xxh64.ts";
import type { Digest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { Layout } from "../root/layout.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { ingestedInfo } from "./ingested-info.ts";
import type { JournalHeader, JournalRecord } from "./journal.ts";
import type { Partial } from "./partial.ts";
import { createPrefixHasher } from "./prefix-hasher.ts";
import { createRangeSet, type RangeSet } from "./range-set.ts";
import { createWrittenRuns } from "./written-runs.ts";

/** Bytes between two checkpoints: what an interruption costs at most, and how rarely the disk must settle. */
const CHECKPOINT_BYTES = 64 * 1024 * 1024;

export interface DiskIngestParts {
  readonly header: JournalHeader;
  readonly partial: Partial;
  /** Ranges that are on disk already, checked. */
  readonly records: readonly JournalRecord[];
  readonly restarted: boolean;
}

/** `unwritten`: a write failed; what was recorded is good. `unsynced`: the file must be discarded. */
type State = "open" | "unwritten" | "unsynced" | "closed";

/** Above this a failed publication is worth another sync, so that the next attempt need not fetch. */
const RECORD_BEFORE_PUBLISH_BYTES = 4 * 1024 * 1024;

export async function createDiskIngest(layout: Layout, parts: DiskIngestParts): Promise<Ingest> {
  const { header, partial } = parts;
  const covered = createRangeSet(parts.records);
  const runs = createWrittenRuns(await loadXxh64());
  const hasher = await createPrefixHasher(partial.file, header.size, parts.records);
  const what = header.digest ?? "of unknown digest";
  let state: State = "open";
  /** Checkpoints run one after the other. */
  let settling: Promise<void> = Promise.resolve();
  const writing = new Set<Promise<void>>();

  function mustBeOpen(): void {
    if (state === "unwritten" || state === "unsynced") throw lost(what, "writing it failed");
    if (state === "closed") throw new TypeError("the ingest is closed");
  }

  async function writePart(offset: number, bytes: Uint8Array): Promise<void> {
    await explaining(`write blob ${what}`, () => writeFully(partial.file, bytes, offset));
    runs.add(offset, bytes);
    hasher.written(offset, bytes);
  }

  async function settle(): Promise<void> {
    const records = runs.take();
    if (records.length === 0) return;
    try {
      await partial.file.datasync();
    } catch (error) {
      // A failed sync is a failed file: the kernel may have dropped the pages and forgotten it.
      state = "unsynced";
      throw error;
    }
    try {
      // INV-10: recorded only now that the bytes are durable.
      await partial.record(records);
    } catch (error) {
      state = "unwritten";
      throw error;
    }
  }

  function checkpoint(): Promise<void> {
    settling = settling.then(() => explaining(`write blob ${what}`, settle));
    // The caller sees the failure; nobody else has to.
    settling.catch(() => {});
    return settling;
  }

  async function writeAt(offset: number, chunk: Uint8Array): Promise<void> {
    mustBeOpen();
    checkOffset(offset, chunk.length, header);
    const gaps = covered.missing({ start: offset, end: offset + chunk.length });
    for (const gap of gaps) covered.add(gap);
    const write = (async () => {
      for (const { start, end } of gaps)
        await writePart(start, chunk.subarray(start - offset, end - offset));
    })();
    writing.add(write);
    try {
      await write;
    } catch (error) {
      // The gaps count as covered but are not: nothing further can be trusted.
      if (state === "open") state = "unwritten";
      throw error;
    } finally {
      writing.delete(write);
    }
    if (runs.bytes >= CHECKPOINT_BYTES) await checkpoint();
  }

  async function close(): Promise<void> {
    if (state === "closed") return;
    await Promise.allSettled(writing);
    const settled = await checkpoint().then(
      () => true,
      () => false,
    );
    // What was recorded earlier is good unless a sync of the file failed since.
    const keep = !partial.removed && (settled || state === "unwritten");
    state = "closed";
    await hasher.close().catch(() => {});
    await (keep ? partial.release() : partial.remove());
  }

  return {
    size: header.size,
    restarted: parts.restarted,
    missing: () => missingRanges(covered, header.size),
    writeAt,
    async checkpoint() {
      mustBeOpen();
      await checkpoint();
    },
    async commit(options) {
      mustBeOpen();
      await Promise.all(writing);
      await settling;
      const size = header.size ?? covered.ranges.at(-1)?.end ?? 0;
      if (covered.missing({ start: 0, end: size }).length > 0) {
        throw sizeMismatch(size, covered.count(), header.digest);
      }
      if (runs.bytes > RECORD_BEFORE_PUBLISH_BYTES) await checkpoint();
      const info = await explaining(`write blob ${what}`, () =>
        finishIngest(layout, parts, () => hasher.finish(size, options), size),
      );
      state = "closed";
      return info;
    },
    async discard() {
      if (state === "closed") return;
      state = "closed";
      await Promise.allSettled(writing);
      await hasher.close().catch(() => {});
      await partial.remove();
    },
    async [Symbol.asyncDispose]() {
      // Best effort: what could not be recorded is fetched again, and the caller has an error already.
      await close().catch(() => {});
    },
  };
}

function missingRanges(covered: RangeSet, size: number | undefined): readonly ByteRange[] {
  if (size !== undefined) return covered.missing({ start: 0, end: size });
  const end = covered.ranges.at(-1)?.end ?? 0;
  return [...covered.missing({ start: 0, end }), { start: end, end: Number.POSITIVE_INFINITY }];
}

function checkOffset(offset: number, length: number, { size, digest }: JournalHeader): void {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`not an offset: ${offset}`);
  if (size !== undefined && offset + length > size) {
    throw sourceTooLong(size, digest);
  }
}

async function finishIngest(
  layout: Layout,
  { header, partial }: DiskIngestParts,
  hash: () => Promise<BlobHashes>,
  size: number,
): Promise<BlobInfo> {
  const hashes = await hash();
  if (header.digest !== undefined && hashes.digest !== header.digest) {
    await partial.close();
    const error = await mismatch(layout, partial.dataPath, header.digest, hashes);
    await partial.remove();
    throw error;
  }
  const { digest } = hashes;
  const file = await partial.file.stat();
  if (file.size !== size) throw notKept(size, file.size);
  const named = await ifPresent(layout.fs.lstat(partial.dataPath));
  if (named?.inode !== file.inode) return foundInstead(layout, digest, partial);
  try {
    await partial.file.chmod(0o444);
    await partial.file.sync();
    await partial.close();
  } catch (error) {
    // A failed sync is a failed file.
    await partial.remove();
    throw error;
  }
  const found = await publishBlob(layout, hashes, partial.dataPath);
  await partial.remove();
  return ingestedInfo(digest, found);
}

/** Our directory was taken away. If that was because the blob arrived another way, all is well. */
async function foundInstead(layout: Layout, digest: Digest, partial: Partial): Promise<BlobInfo> {
  await partial.remove();
  const found = await ensureVerified(layout, digest);
  if (found === undefined) throw lost(digest, "another program took its directory over");
  return ingestedInfo(digest, found);
}

function lost(what: string, why: string): StoreError {
  return new StoreError(`the transfer of blob ${what} cannot go on: ${why}`, {
    kind: "conflict",
    code: "ERR_STORE_INGEST_LOST",
    hint: "Run the command again; what was recorded before is kept.",
    detail: { blob: what },
  });
}
