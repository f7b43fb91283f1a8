import type { Digest, Ingest, IngestTarget } from "@store/layout";

import { redactUrl } from "../http/redact-url.ts";
import { upstreamMismatch } from "../http/http-errors.ts";
import { retrying, type RetryEvent } from "../http/retrying.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import type { Supplier } from "../suppliers/supplier.ts";
import { retryEvent } from "./fill-context.ts";
import { fillIngest } from "./fill-ingest.ts";
import { gitBlobHashOf } from "./git-blob-hash.ts";
import { ingestVerified } from "./ingest-verified.ts";
import { resumeTargetOf } from "./resume-target.ts";
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
  const { signal, onEvent } = options;
  const target = resumeTargetOf(file);
  const open = (resume: boolean): Promise<Ingest> =>
    ports.blobs.ingest(target ?? { size: file.size }, {
      resume,
      signal,
      stallMs: ports.stallMs ?? OTHER_WRITER_STALL_MS,
      onWait: () => onEvent({ kind: "wait", path: file.path }),
    });
  const first: Supplier = {
    location: redactUrl(model.location),
    find: async () => ({ source: ports.source, model, file }),
  };
  if (file.digest !== undefined) return ingestVerified(file, { first, open }, ports, options);
  const alone = (): Promise<Transferred> =>
    ingestAlone(file, target, { first, open }, ports, options);
  if (target !== undefined) return untilLeased(alone, ports);
  // Nothing ties two answers together, so every attempt begins with the first byte.
  const { timers, retry } = ports;
  const onRetry = (event: RetryEvent): void => onEvent(retryEvent(file.path, event));
  return untilLeased(() => retrying(alone, { timers, retry, onRetry }, options), ports);
}

/** How often bytes are brought that a sweep takes away before the lease can speak of them. */
const TAKEN_MAX = 3;

/** Brings bytes of unknown digest, again where a sweep was quicker than the lease on what they are. */
async function untilLeased(
  bring: () => Promise<Transferred>,
  { blobs }: Pick<TransferPorts, "blobs">,
): Promise<Transferred> {
  for (let attempt = 1; ; attempt += 1) {
    const done = await bring();
    if (attempt === TAKEN_MAX || (await blobs.stat(done.digest)) !== undefined) return done;
  }
}

/** Of a file whose digest nobody knows there is one place only: others could not be compared. */
async function ingestAlone(
  file: SourceFile,
  target: IngestTarget | undefined,
  { first, open }: { readonly first: Supplier; open(resume: boolean): Promise<Ingest> },
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  await using ingest = await open(true);
  let done: Transferred;
  try {
    done = await fillIngest(ingest, file, ports, {
      ...options,
      suppliers: inTurn(first),
      resumable: target !== undefined,
    });
  } catch (error) {
    // Nobody could ever go on with it.
    if (target === undefined) await ingest.discard();
    throw error;
  }
  if (file.gitSha1 !== undefined) {
    await checkGitBlob(file, file.gitSha1, done, ports, options.signal);
  }
  return done;
}

async function* inTurn(supplier: Supplier): AsyncGenerator<Supplier> {
  yield supplier;
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
