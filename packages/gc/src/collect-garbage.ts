import {
  type AbortOptions,
  type Digest,
  errnoOf,
  isStoreError,
  type ProgressOptions,
} from "@store/layout";

import { applyGc } from "./apply/apply-gc.ts";
import type { GcEvent, GcReport } from "./apply/gc-report.ts";
import type { GcPlan } from "./plan/gc-plan.ts";
import type { GcPolicy } from "./plan/gc-policy.ts";
import { nextOrphans } from "./plan/next-orphans.ts";
import { planGc } from "./plan/plan-gc.ts";
import type { GcPorts, OrphanRecords } from "./ports.ts";
import type { GcSnapshot } from "./snapshot/gc-snapshot.ts";
import { takeSnapshot } from "./snapshot/take-snapshot.ts";

export interface CollectOptions extends AbortOptions, ProgressOptions<GcEvent> {
  /** Plans, and changes nothing: no blob, no record, no lock. */
  readonly dryRun?: boolean | undefined;
  readonly policy?: GcPolicy | undefined;
  /** Blobs moved aside at a time; 10,000 by default. */
  readonly batchCount?: number | undefined;
}

/**
 * A whole sweep: lock, snapshot, plan, orphans recorded, plan carried out. A dry run ends with the
 * plan; on an unchanged store it is, byte for byte, the plan a real run carries out.
 *
 * @throws StoreError `ERR_STORE_ROOT_UNREADABLE` (INV-5), `ERR_STORE_ROOTS_EMPTY`,
 * `ERR_STORE_SWEEP_POSTPONED`, `ERR_STORE_PLAN_STALE` if the clock leaps meanwhile, and what `withSweepLock` throws
 */
export async function collectGarbage(
  ports: GcPorts,
  options: CollectOptions = {},
): Promise<GcReport> {
  options.signal?.throwIfAborted();
  if (options.dryRun === true) {
    const { plan } = await look(ports, options, options.signal);
    return emptyReport(plan);
  }
  return await ports.withSweepLock(async (lockSignal) => {
    const signal =
      options.signal === undefined ? lockSignal : AbortSignal.any([options.signal, lockSignal]);
    const { snapshot, plan } = await look(ports, options, signal);
    await record(ports, options, nextOrphans(snapshot, plan, new Set()));
    const report = await applyGc(plan, ports, { ...options, signal });
    const settled = new Set<Digest>([...report.destroyed, ...report.restored]);
    if (settled.size > 0) await record(ports, options, nextOrphans(snapshot, plan, settled));
    return report;
  });
}

async function look(
  ports: GcPorts,
  options: CollectOptions,
  signal: AbortSignal | undefined,
): Promise<{ snapshot: GcSnapshot; plan: GcPlan }> {
  const snapshot = await takeSnapshot(ports, { signal });
  const plan = planGc(snapshot, options.policy);
  options.onProgress?.({ kind: "planned", plan });
  return { snapshot, plan };
}

/** A disk too full to remember orphans is one to be swept all the more. */
async function record(
  ports: GcPorts,
  options: CollectOptions,
  records: OrphanRecords,
): Promise<void> {
  try {
    await ports.orphans?.write(records);
  } catch (error) {
    if (!isStoreError(error) && errnoOf(error) === undefined) throw error;
    options.onProgress?.({ kind: "unrecorded", error });
  }
}

function emptyReport(plan: GcPlan): GcReport {
  return {
    plan,
    dryRun: true,
    freedBytes: 0,
    destroyed: [],
    restored: [],
    skipped: [],
    expired: [],
    failed: [],
  };
}
