import type { AbortOptions, BlobInfo, BlobStore, Digest, Lease } from "@store/layout";

import type { RetryPolicy } from "../http/retry-policy.ts";
import type { Timers } from "../http/timers.ts";
import type { PullEvent } from "../pull-event.ts";
import type { ResolvedModel, Source, SourceFile } from "../source.ts";
import type { FindSuppliers } from "../suppliers/find-suppliers.ts";
import type { QuarantinePort } from "../quarantine-port.ts";
import type { Quota } from "./quota.ts";
import type { RateLimit } from "./rate-limit.ts";
import { gitBlobHashOf } from "./git-blob-hash.ts";
import { ingestFile } from "./ingest-file.ts";
import { takeFromAny } from "./take-from-any.ts";
import { fitsMemory } from "./take-small-file.ts";

/** What a transfer works with. */
export interface TransferPorts {
  readonly source: Source;
  readonly blobs: BlobStore;
  /** Digests by path that files without one are likely to have; checked before they are believed. */
  readonly hints: ReadonlyMap<string, Digest>;
  /** Gets each digest as soon as it is known, before a blob of that name appears if it can. */
  readonly lease: Pick<Lease, "add">;
  readonly timers: Timers;
  readonly retry: RetryPolicy;
  /** Requests for files that go through memory. */
  readonly requests: Quota;
  /** Finds further places of a file, for when `source` fails. */
  readonly findSuppliers?: FindSuppliers | undefined;
  /** Keeps wrong bytes that never reached the disk. */
  readonly quarantine?: QuarantinePort | undefined;
  /** How long another process that fetches the same bytes may make no progress. */
  readonly stallMs?: number | undefined;
  /** Bound on the rate, shared with other transfers. */
  readonly limit?: RateLimit | undefined;
}

export interface TransferOptions extends AbortOptions {
  readonly connections: number;
  onEvent(event: PullEvent): void;
}

export interface Transferred {
  readonly digest: Digest;
  readonly size: number;
  /** Whether the store had it. */
  readonly reused: boolean;
  /** Bytes that arrived now. */
  readonly bytesFetched: number;
  /** Bytes an earlier attempt had left. */
  readonly bytesResumed: number;
}

/**
 * Makes one file a verified blob: a look whether the store has it, else its missing ranges.
 *
 * A failed transfer keeps what arrived. Bytes that are not what the source promised never become a
 * blob under a name of theirs.
 *
 * @throws StoreError what the source and the blob store throw; `ERR_STORE_BLOB_DIGEST_MISMATCH`
 */
export async function transferFile(
  model: ResolvedModel,
  file: SourceFile,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  options.signal?.throwIfAborted();
  const present = await findPresent(file, ports, options.signal);
  if (present !== undefined) return reuse(present, file, options);
  const done = fitsMemory(file)
    ? await takeFromAny(model, file, ports, options)
    : await ingestFile(model, file, ports, options);
  options.onEvent({
    kind: "file-done",
    path: file.path,
    digest: done.digest,
    size: done.size,
    reused: done.reused,
  });
  return done;
}

/** P2: a blob that is here and verified needs no source. */
async function findPresent(
  { path, digest, gitSha1 }: SourceFile,
  { blobs, hints }: TransferPorts,
  signal: AbortSignal | undefined,
): Promise<BlobInfo | undefined> {
  const likely = digest ?? hints.get(path);
  if (likely === undefined) return undefined;
  const present = await blobs.ensureVerified(likely, { signal });
  if (present === undefined || digest !== undefined || gitSha1 === undefined) return present;
  // What a manifest says is not what the hub says: its hash decides.
  return (await gitBlobHashOf(blobs, present, signal)) === gitSha1 ? present : undefined;
}

function reuse(
  { digest, size }: BlobInfo,
  { path }: SourceFile,
  { onEvent }: TransferOptions,
): Transferred {
  onEvent({ kind: "file-done", path, digest, size, reused: true });
  return { digest, size, reused: true, bytesFetched: 0, bytesResumed: 0 };
}
