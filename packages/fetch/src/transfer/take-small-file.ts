import { type ByteRange, type Digest, digestBytes, StoreError } from "@store/layout";

import { upstreamMismatch } from "../http/http-errors.ts";
import { redactUrl } from "../http/redact-url.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import { createFillContext } from "./fill-context.ts";
import { fillRanges, fillWhole, type RangeSink } from "./fill-ranges.ts";
import { gitBlobHash } from "./git-blob-hash.ts";
import type { Transferred, TransferOptions, TransferPorts } from "./transfer-file.ts";

/**
 * Largest file taken through memory. The hub keeps everything above 10 MB as LFS, with a SHA-256;
 * what is left are configurations and tokenizers.
 */
const MEMORY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Up to here a file costs less to fetch again than to keep a record of how far it came, and many
 * are in flight at once.
 */
const SMALL_FILE_BYTES_MAX = 256 * 1024;

/** A file that says how many bytes of memory it takes, and which they must be. */
export interface SmallFile extends SourceFile {
  readonly size: number;
}

/** Whether a file is one of those that are fetched many at once. */
export function isSmall(file: SourceFile): file is SmallFile {
  const { size, digest, gitSha1 } = file;
  const isKnown = digest !== undefined || gitSha1 !== undefined;
  return isKnown && size !== undefined && size <= SMALL_FILE_BYTES_MAX;
}

/** Whether a file goes through memory: a small one, or one that only git's hash is known of. */
export function fitsMemory(file: SourceFile): file is SmallFile {
  const { size = Infinity, digest, gitSha1 } = file;
  if (isSmall(file)) return true;
  return digest === undefined && gitSha1 !== undefined && size <= MEMORY_BYTES_MAX;
}

/**
 * Fetches a file whole, in one go. Where git's SHA-1 is all that is known, it is checked in memory,
 * so that bytes nobody vouches for never enter the store.
 *
 * @throws StoreError `ERR_STORE_BLOB_DIGEST_MISMATCH`
 */
export async function takeSmallFile(
  model: ResolvedModel,
  file: SmallFile,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  const { onEvent, signal } = options;
  const { path, size } = file;
  const release = await ports.requests.take(1, { signal });
  onEvent({ kind: "file-start", path, size, digest: file.digest, resumedBytes: 0 });
  const bytes = new Uint8Array(size);
  const { context, meter } = createFillContext(model, file, memorySink(bytes), ports, options);
  try {
    await (isSmall(file)
      ? fillWhole(context, { signal })
      : fillRanges(context, { connections: 1, resumable: true, signal }));
  } finally {
    release();
  }
  meter.finish();
  onEvent({ kind: "verify", path, verified: 0, total: size });
  const digest = file.digest ?? (await checkedDigest(model, file, bytes, ports));
  await ports.blobs.put({ digest, size }, bytes, { signal });
  return { digest, size, reused: false, bytesFetched: size, bytesResumed: 0 };
}

/** The digest of bytes that have the git hash they should, once the lease protects it. */
async function checkedDigest(
  { location }: ResolvedModel,
  { path, url = path, gitSha1: expected = "" }: SmallFile,
  bytes: Uint8Array,
  { lease, quarantine }: TransferPorts,
): Promise<Digest> {
  const actual = gitBlobHash(bytes);
  if (actual !== expected) {
    // They have no digest to be quarantined under by the store itself.
    const why = { reason: "digest-mismatch", expected, actual, origin: redactUrl(location) };
    const quarantinePath = await quarantine?.(bytes, why);
    throw upstreamMismatch(url, { expected, actual, quarantinePath });
  }
  const digest = digestBytes(bytes);
  await lease.add([digest]);
  return digest;
}

/** A buffer that is filled in order, from one stream that may break. */
function memorySink(bytes: Uint8Array): RangeSink {
  let filled = 0;
  return {
    missing: (): readonly ByteRange[] =>
      filled < bytes.length ? [{ start: filled, end: bytes.length }] : [],
    async writeAt(offset, chunk) {
      if (offset > filled) throw new RangeError(`bytes from ${offset} before those at ${filled}`);
      if (offset + chunk.length > bytes.length) throw tooLong(bytes.length);
      bytes.set(chunk, offset);
      filled = Math.max(filled, offset + chunk.length);
    },
  };
}

function tooLong(expected: number): StoreError {
  return new StoreError(`the source sends more than the ${expected} bytes it promised`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    hint: "Fetch from another source.",
    detail: { expected },
  });
}
