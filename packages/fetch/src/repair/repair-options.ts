import type { AbortOptions, Digest, Ingest, LeaseStore, ProgressOptions } from "@store/layout";

import type { RetryPolicy } from "../http/retry-policy.ts";
import type { Timers } from "../http/timers.ts";
import type { PullPolicy } from "../policy/pull-policy.ts";
import type { PullEvent } from "../pull-event.ts";
import type { FileOrigin, KnownFile, Source } from "../source.ts";
import type { RateLimit } from "../transfer/rate-limit.ts";

/** What a repair works on. */
export interface RepairPorts {
  readonly sources: readonly Source[];
  readonly leases: LeaseStore;
  /**
   * Opens a blob that is damaged or gone; answers `undefined` for a right one: layout's function of
   * this name.
   */
  readonly openRepair: (
    target: KnownFile,
    options: AbortOptions & { readonly keepGood?: boolean | undefined },
  ) => Promise<Ingest | undefined>;
  /** Says where the blob was had: layout's function of this name. */
  readonly readOrigins: (digest: Digest) => Promise<readonly FileOrigin[]>;
  /** Monotonic time for pauses and rates; the system's by default. */
  readonly timers?: Timers | undefined;
}

export interface RepairOptions extends AbortOptions, ProgressOptions<PullEvent> {
  /** Locations that have the bytes, asked before those on record. */
  readonly from?: readonly string[] | undefined;
  /** Judges each place before it is asked for bytes; all are allowed by default. */
  readonly policy?: PullPolicy | undefined;
  /** The most connections; as many as pay are used. */
  readonly connections?: number | undefined;
  readonly rateLimit?: RateLimit | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
}

export interface RepairResult {
  readonly digest: Digest;
  /** Whether anything was wrong. */
  readonly repaired: boolean;
  readonly bytesFetched: number;
  /** Bytes that were here and right, or had come in an earlier attempt; 0 if nothing was wrong. */
  readonly bytesKept: number;
}
