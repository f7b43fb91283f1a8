import { type AbortOptions, createId, type Digest, isErrno, isStoreError } from "@store/layout";

import type { ExpiredItem, GcPlan } from "../plan/gc-plan.ts";
import type { GcPorts } from "../ports.ts";
import type { GcEvent, GcFailure, GcReport } from "./gc-report.ts";

/** One run over a store: what it acts on and what it has done so far. */
export interface Sweep {
  /** Distinguishes the trash names of this run from those of every other. */
  readonly id: string;
  readonly ports: GcPorts;
  readonly options: AbortOptions;
  /** Most blobs that are in the trash at a time. */
  readonly batchCount: number;
  /** What packs are to drop: it need not exist as a file of its own. */
  readonly packed: ReadonlySet<Digest>;
  /** Counts an event into the report and passes it on. */
  note(event: GcEvent): void;
  /** Counts bytes that went without a blob's name: from packs and expired things. */
  addFreed(bytes: number): void;
  /**
   * Takes a failure that concerns one thing only and leaves it as it was; rethrows any other.
   */
  tolerate(subject: string, error: unknown): void;
  report(): GcReport;
}

export interface SweepOptions extends AbortOptions {
  readonly onProgress?: ((event: GcEvent) => void) | undefined;
  readonly batchCount: number;
}

export function createSweep(plan: GcPlan, ports: GcPorts, options: SweepOptions): Sweep {
  const digests = {
    destroyed: new Set<Digest>(),
    restored: new Set<Digest>(),
    skipped: new Set<Digest>(),
  };
  const expired: ExpiredItem[] = [];
  const failed: GcFailure[] = [];
  let freedBytes = 0;

  function note(event: GcEvent): void {
    if (event.kind === "destroyed") freedBytes += event.size;
    if (event.kind === "destroyed" || event.kind === "restored" || event.kind === "skipped") {
      digests[event.kind].add(event.digest);
    }
    if (event.kind === "expired") expired.push(event.item);
    if (event.kind === "failed") failed.push({ subject: event.subject, error: event.error });
    options.onProgress?.(event);
  }

  return {
    id: createId(),
    ports,
    options: { signal: options.signal },
    batchCount: options.batchCount,
    packed: new Set(plan.packs.flatMap(({ drop }) => drop)),
    note,
    addFreed(bytes) {
      freedBytes += bytes;
    },
    tolerate(subject, error) {
      if (!concernsOneThing(error)) throw error;
      note({ kind: "failed", subject, error });
    },
    report: () => ({
      plan,
      dryRun: false,
      freedBytes,
      destroyed: [...digests.destroyed].sort(),
      restored: [...digests.restored].sort(),
      skipped: [...digests.skipped].sort(),
      expired,
      failed,
    }),
  };
}

/** Rights and open files differ from one blob to the next; a failing disk does not. */
function concernsOneThing(error: unknown): boolean {
  if (isStoreError(error)) return error.kind === "denied" || error.kind === "busy";
  return isErrno(error, "EACCES", "EPERM", "EBUSY", "ETXTBSY");
}
