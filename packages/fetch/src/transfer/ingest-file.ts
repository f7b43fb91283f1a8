import { type ByteRange, type Digest, type Ingest, type IngestTarget } from "@store/layout";

import { upstreamMismatch } from "../http/http-errors.ts";
import { retrying, type RetryEvent } from "../http/retrying.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import { createFillContext, retryEvent } from "./fill-context.ts";
import { fillRanges } from "./fill-ranges.ts";
import { resumeTargetOf } from "./resume-target.ts";
import { gitBlobHashOf } from "./git-blob-hash.ts";
import type { Transferred, TransferOptions, TransferPorts } from "./transfer-file.ts";

/**
 * Another process may be fetching the same bytes: while it gets on they travel once. One that makes
 * no progress for so long is stopped or stuck, and this one goes on by itself.
 */
const OTHER_WRITER_STALL_MS = 30_000;

/** Fetches a file into an ingest, going on where an earlier one of the same bytes stopped. */
export async function ingestFile(
  model: ResolvedModel,
  file: SourceFile,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  const target = resumeTargetOf(file);
  if (target !== undefined) return ingestOnce(model, file, target, ports, options);
  // Nothing ties two answers together, so every attempt begins with the first byte.
  const { timers, retry } = ports;
  const onRetry = (event: RetryEvent): void => options.onEvent(retryEvent(file.path, event));
  const attempt = (): Promise<Transferred> => ingestOnce(model, file, undefined, ports, options);
  return retrying(attempt, { timers, retry, onRetry }, options);
}

async function ingestOnce(
  model: ResolvedModel,
  file: SourceFile,
  target: IngestTarget | undefined,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  const { signal, onEvent } = options;
  const { path, size } = file;
  await using ingest = await ports.blobs.ingest(target ?? { size }, {
    signal,
    stallMs: OTHER_WRITER_STALL_MS,
    onWait: () => onEvent({ kind: "wait", path }),
  });
  const bytesResumed = countPresent(ingest);
  onEvent({ kind: "file-start", path, size, digest: file.digest, resumedBytes: bytesResumed });
  const { context, meter, counter } = createFillContext(
    model,
    file,
    ingest,
    ports,
    options,
    bytesResumed,
  );
  try {
    const connections = Math.min(options.connections, ports.source.connectionsMax ?? Infinity);
    await fillRanges(context, { connections, resumable: target !== undefined, signal });
  } catch (error) {
    // Nobody could ever go on with it.
    if (target === undefined) await ingest.discard();
    throw error;
  } finally {
    meter.finish();
  }
  onEvent({ kind: "verify", path });
  const info = await ingest.commit({ signal });
  await ports.lease.add([info.digest]);
  if (file.digest === undefined && file.gitSha1 !== undefined) {
    await checkGitBlob(file, file.gitSha1, info, ports, signal);
  }
  return {
    digest: info.digest,
    size: info.size,
    reused: false,
    bytesFetched: counter.bytes,
    bytesResumed,
  };
}

function countPresent(ingest: Ingest): number {
  const missing: readonly ByteRange[] = ingest.missing();
  const last = missing.at(-1);
  const end = last?.end === Infinity ? last.start : (ingest.size ?? 0);
  return missing.reduce((sum, gap) => sum - (gap.end === Infinity ? 0 : gap.end - gap.start), end);
}

/**
 * Reads the blob back, since parts of it may have come in an earlier run. A wrong one is a blob
 * under its own true digest that no name leads to, and is left to the next sweep.
 */
async function checkGitBlob(
  file: SourceFile,
  expected: string,
  blob: { readonly digest: Digest; readonly size: number },
  { blobs }: TransferPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const actual = await gitBlobHashOf(blobs, blob, signal);
  if (actual === expected) return;
  await blobs.release([blob.digest]);
  throw upstreamMismatch(file.url ?? file.path, { expected, actual });
}
