import { type ByteRange, digestBytes, type StoreError } from "@store/layout";

import { upstreamMismatch } from "../http/http-errors.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import { createFillContext } from "./fill-context.ts";
import { fillRanges, type RangeSink } from "./fill-ranges.ts";
import { gitBlobHash } from "./git-blob-hash.ts";
import type { Transferred, TransferOptions, TransferPorts } from "./transfer-file.ts";

/**
 * Largest file taken through memory. The hub keeps everything above 10 MB as LFS, with a SHA-256;
 * what is left are configurations and tokenizers.
 */
export const SMALL_FILE_BYTES_MAX: number = 16 * 1024 * 1024;

export interface SmallFile extends SourceFile {
  readonly size: number;
  readonly gitSha1: string;
}

/**
 * Fetches a file of which only git's SHA-1 is known. It is checked in memory, so that bytes nobody
 * vouches for never enter the store.
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
  onEvent({ kind: "file-start", path, size, digest: undefined, resumedBytes: 0 });
  const bytes = new Uint8Array(size);
  const { context, meter } = createFillContext(model, file, memorySink(bytes), ports, options);
  await fillRanges(context, { connections: 1, resumable: true, signal });
  meter.finish();
  onEvent({ kind: "verify", path });
  const actual = gitBlobHash(bytes);
  if (actual !== file.gitSha1) throw wrongBytes(file, actual);
  const digest = digestBytes(bytes);
  await ports.lease.add([digest]);
  const present = await ports.blobs.ensureVerified(digest, { signal });
  if (present === undefined) await ports.blobs.put({ digest, size }, bytes, { signal });
  return { digest, size, reused: false, bytesFetched: size, bytesResumed: 0 };
}

/** A buffer that is filled in order, from one stream that may break. */
function memorySink(bytes: Uint8Array): RangeSink {
  let filled = 0;
  return {
    missing: (): readonly ByteRange[] =>
      filled < bytes.length ? [{ start: filled, end: bytes.length }] : [],
    async writeAt(offset, chunk) {
      if (offset > filled) throw new RangeError(`bytes from ${offset} before those at ${filled}`);
      bytes.set(chunk, offset);
      filled = Math.max(filled, offset + chunk.length);
    },
  };
}

function wrongBytes(file: SmallFile, actual: string): StoreError {
  return upstreamMismatch(file.url ?? file.path, { expected: file.gitSha1, actual });
}
