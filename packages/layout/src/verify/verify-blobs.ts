import { availableParallelism } from "node:os";

import type { AbortOptions, ProgressOptions } from "../abort-options.ts";
import { findBlob, type FoundBlob } from "../blobs/find-blob.ts";
import { identifyFile, PUMP_BYTES_MIN, sumFile } from "../hashing/hash-file.ts";
import { listBlobs } from "../blobs/list-blobs.ts";
import { type Digest, digestHex } from "../digest/digest.ts";
import { errnoOf } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { asStoreError } from "../errors/system-error.ts";
import type { Finding } from "../finding.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import { CHUNK_BYTES, type ChunkMap } from "../sidecars/chunk-map.ts";
import { isHashed, readChunkMap } from "../sidecars/chunk-sidecar.ts";
import { findStoreDamage } from "./store-damage.ts";

export interface VerifyEvent {
  readonly kind: "blob";
  readonly digest: Digest;
  /** Bytes checked of this blob when it was done. */
  readonly bytes: number;
}

export interface VerifyOptions extends AbortOptions, ProgressOptions<VerifyEvent> {
  /** Which blobs; all loose ones by default. */
  readonly digests?: AsyncIterable<Digest> | Iterable<Digest> | undefined;
  /**
   * `full` (default) hashes every byte. `fast` compares XXH64 sums of the chunk map where there is
   * one, which finds accidents at a fraction of the cost, and hashes only blobs without, or with a
   * file that was written to since.
   */
  readonly mode?: "full" | "fast" | undefined;
  /**
   * Checks one part of the blobs: part `index` (from 0) of `count`. The parts are of about equal
   * number, never overlap and together are all, so that a scrub can be spread over many days.
   */
  readonly sample?: { readonly index: number; readonly count: number } | undefined;
  /** Stops before the next blob after so many milliseconds. */
  readonly budgetMs?: number | undefined;
  /** Blobs checked at once; by default one per processor, four at most. */
  readonly concurrency?: number | undefined;
}

/** More than this only waits for the disk. */
const CONCURRENCY_MAX = 4;

/**
 * Checks loose blobs and says what is wrong with them, in the order they were given. Changes
 * nothing. A blob that cannot be read is a finding, and the others are checked all the same.
 */
export async function* verifyBlobs(
  layout: Layout,
  options: VerifyOptions = {},
): AsyncGenerator<Finding> {
  checkSample(options.sample);
  const deadline = performance.now() + (options.budgetMs ?? Number.POSITIVE_INFINITY);
  const concurrency = options.concurrency ?? Math.min(CONCURRENCY_MAX, availableParallelism());
  const running: Promise<readonly Finding[]>[] = [];
  if (options.digests === undefined) yield* await findStoreDamage(layout);
  try {
    for await (const digest of options.digests ?? listBlobs(layout, options)) {
      if (performance.now() > deadline) break;
      if (!isInSample(digest, options.sample)) continue;
      running.push(findingsOf(layout, digest, options));
      if (running.length >= concurrency) yield* (await running.shift()) ?? [];
    }
    while (running.length > 0) yield* (await running.shift()) ?? [];
  } finally {
    await Promise.allSettled(running);
  }
}

function checkSample(sample: VerifyOptions["sample"]): void {
  if (sample === undefined) return;
  const { index, count } = sample;
  // Any other would check nothing, and say that nothing is wrong.
  if (Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 0 && index < count)
    return;
  throw new RangeError(`not a part: ${index} of ${count}`);
}

function isInSample(digest: Digest, sample: VerifyOptions["sample"]): boolean {
  // Digests are evenly spread, so their first 32 bits are.
  return (
    sample === undefined ||
    Number.parseInt(digestHex(digest).slice(0, 8), 16) % sample.count === sample.index
  );
}

async function findingsOf(
  layout: Layout,
  digest: Digest,
  options: VerifyOptions,
): Promise<readonly Finding[]> {
  options.signal?.throwIfAborted();
  const findings: Finding[] = [];
  try {
    for await (const finding of verifyBlob(layout, digest, options)) findings.push(finding);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    const error = asStoreError(thrown, `read blob ${digest}`);
    if (!isStoreError(error) && errnoOf(error) === undefined) throw error;
    findings.push(toFinding(digest, error));
  }
  return findings;
}

function toFinding(digest: Digest, error: unknown): Finding {
  if (!isStoreError(error)) {
    return {
      severity: "error",
      code: "ERR_STORE_IO_FAILED",
      subject: digest,
      message: String(error),
    };
  }
  const { code, message, hint, detail } = error;
  return { severity: "error", code, subject: digest, message, hint, detail };
}

async function* verifyBlob(
  layout: Layout,
  digest: Digest,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  const found = await findBlob(layout, digest);
  // A directory without data is not a blob: a sweep or a failed transfer left it.
  if (found === undefined) return;
  // A check is no use of a file: it is not to push files in use out of the page cache.
  const direct = found.stat.size >= PUMP_BYTES_MIN;
  const file = await layout.fs.open(found.path, "read", { direct });
  try {
    const map = await readChunkMap(layout, digest);
    const known = options.mode === "fast" && (await isHashed(layout, digest, found.stat));
    if (known && map !== undefined) {
      yield* compareChunks(file, digest, found, map, options);
    } else {
      yield* compareDigest(file, digest, found, map, options);
    }
    options.onProgress?.({ kind: "blob", digest, bytes: found.stat.size });
  } finally {
    await file.close();
  }
}

async function* compareDigest(
  file: FsFile,
  digest: Digest,
  found: FoundBlob,
  map: ChunkMap | undefined,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  const actual = await identifyFile(file, options);
  if (actual === digest) return;
  // Only wrong bytes are read twice, to say where they are wrong.
  const where = map === undefined ? {} : damage(map, await sumFile(file, options));
  yield wrongBytes(digest, found, { actual, ...where });
}

async function* compareChunks(
  file: FsFile,
  digest: Digest,
  found: FoundBlob,
  map: ChunkMap,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  const seen = damage(map, await sumFile(file, options));
  if (seen.chunks.length > 0) yield wrongBytes(digest, found, seen);
}

interface Damage {
  readonly chunkBytes: number;
  /** Indexes of chunks whose bytes differ from those that were hashed, or are missing or extra. */
  readonly chunks: readonly number[];
}

function damage(expected: ChunkMap, actual: ChunkMap): Damage {
  const chunks: number[] = [];
  const count = Math.max(expected.sums.length, actual.sums.length);
  for (let index = 0; index < count; index += 1) {
    if (expected.sums[index] !== actual.sums[index]) chunks.push(index);
  }
  if (expected.size !== actual.size && chunks.length === 0) chunks.push(Math.max(0, count - 1));
  return { chunkBytes: CHUNK_BYTES, chunks };
}

function wrongBytes(
  digest: Digest,
  { path, stat }: FoundBlob,
  detail: Partial<Damage> & { readonly actual?: Digest },
): Finding {
  const where =
    detail.chunks === undefined || detail.chunks.length === 0
      ? ""
      : `, in ${detail.chunks.length} of its ${CHUNK_BYTES}-byte chunks (first at byte ${(detail.chunks[0] ?? 0) * CHUNK_BYTES})`;
  return {
    severity: "error",
    code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    subject: digest,
    message: `blob ${digest} holds other bytes than its name promises${where}`,
    hint: `Run \`store repair ${digest}\` to fetch what is damaged again.`,
    detail: { path, size: stat.size, ...detail },
  };
}
