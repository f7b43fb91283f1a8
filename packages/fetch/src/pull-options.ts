import type {
  AbortOptions,
  BlobStore,
  Descriptor,
  Digest,
  LeaseStore,
  ProgressOptions,
} from "@store/layout";
import type { ManifestStore } from "@store/manifest";

import type { PullPolicy } from "./policy/pull-policy.ts";
import type { RetryPolicy } from "./http/retry-policy.ts";
import type { Timers } from "./http/timers.ts";
import type { PullEvent } from "./pull-event.ts";
import type { QuarantinePort } from "./quarantine-port.ts";
import type { FileOrigin, Source } from "./source.ts";
import type { RateLimit } from "./transfer/rate-limit.ts";

/** What a pull works on. */
export interface PullPorts {
  /** Tried in order: the first that accepts the location is used. */
  readonly sources: readonly Source[];
  readonly blobs: BlobStore;
  readonly manifests: Pick<ManifestStore, "get" | "put">;
  readonly leases: LeaseStore;
  /** Takes where a blob can be had again, for repairs: layout's `recordOrigin`. */
  readonly recordOrigin?: ((digest: Digest, origin: FileOrigin) => Promise<void>) | undefined;
  /**
   * Says where a blob can be had again: layout's function of this name. Places it knows take over
   * where the one that was asked for fails. A model of a registry under a name of the caller's choice
   * is brought up to date only if this knows where it came from.
   */
  readonly readOrigins?: ((digest: Digest) => Promise<readonly FileOrigin[]>) | undefined;
  /** Keeps wrong bytes that were in memory only: layout's `quarantineBytes`. */
  readonly quarantine?: QuarantinePort | undefined;
  /** Wall-clock milliseconds, for the record; the system's by default. */
  readonly now?: (() => number) | undefined;
  /** Monotonic time for pauses and rates; the system's by default. */
  readonly timers?: Timers | undefined;
}

/** What is wanted of a location, and under which name. */
export interface SelectOptions extends AbortOptions {
  /** Name to record the model under, instead of the one its source suggests. */
  readonly as?: string | undefined;
  /** SHA-256 the bytes must have. Only for locations of one file. */
  readonly digest?: Digest | undefined;
  /** Glob patterns (`*`, `**`, `?`) of paths to take; all by default. */
  readonly include?: readonly string[] | undefined;
  /** Glob patterns of paths to leave out. */
  readonly exclude?: readonly string[] | undefined;
  /**
   * Stands between resolving and fetching, and throws to refuse (`ERR_STORE_POLICY_REFUSED`). By
   * default `createPolicy()`, which refuses pickle files nobody asked for and what a scan found unsafe.
   */
  readonly policy?: PullPolicy | undefined;
}

export interface PullOptions extends SelectOptions, ProgressOptions<PullEvent> {
  /**
   * Further locations of the same files, asked in this order where the first one fails. The location
   * alone says what the files are: of a mirror only bytes with the right digest (or git hash) are
   * taken.
   */
  readonly mirrors?: readonly string[] | undefined;
  /**
   * Longest wait for another process that fetches the same bytes and makes no progress, in
   * milliseconds; 30,000 by default. 0 does not wait.
   */
  readonly stallMs?: number | undefined;
  /** Files in flight at once. */
  readonly concurrency?: number | undefined;
  /** The most connections per file; as many as pay are used, up to 32 for all by default. */
  readonly connections?: number | undefined;
  /** Bound on the rate; the same one may be given to several pulls, which then share it. */
  readonly rateLimit?: RateLimit | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** `<tool>/<version>`, for the record. */
  readonly producedBy?: string | undefined;
}

export interface PulledFile {
  readonly path: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Whether the store had it. */
  readonly reused: boolean;
}

export interface PullResult {
  readonly name: string;
  /** The recorded manifest. */
  readonly descriptor: Descriptor;
  readonly revision: string;
  /** Ascending by path. */
  readonly files: readonly PulledFile[];
  /** Bytes taken from the source by this call. */
  readonly bytesFetched: number;
  /** Bytes that were here already: whole files, and the resumed part of the others. */
  readonly bytesReused: number;
}
