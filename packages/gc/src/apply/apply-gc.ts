import type { AbortOptions, ProgressOptions } from "@store/layout";

import type { ExpiredItem, GcPlan, PackDrop } from "../plan/gc-plan.ts";
import type { GcPorts, GcTrashed } from "../ports.ts";
import { admitPlan } from "./admit-plan.ts";
import type { GcEvent, GcReport } from "./gc-report.ts";
import { lookAgain } from "./look-again.ts";
import { postponeWhileLocked } from "./postpone.ts";
import { createSweep, type Sweep } from "./sweep.ts";
import { sweepBatch, sweepTrash } from "./sweep-batch.ts";

/**
 * Blobs moved aside at a time. Each batch reads every name once, so a small one makes a large sweep
 * slow; a large one leaves more in the trash when a process dies, and costs readers more restoring.
 */
const BATCH_COUNT = 10_000;

/** A plan this old no longer says what its reader meant. */
const PLAN_AGE_MS_MAX = 3_600_000;

export interface ApplyOptions extends AbortOptions, ProgressOptions<GcEvent> {
  /** One hour by default. */
  readonly planAgeMsMax?: number | undefined;
  /** Blobs moved aside at a time; 10,000 by default. */
  readonly batchCount?: number | undefined;
}

/**
 * Carries a plan out, once. For each batch: moves the blobs aside (D1), reads leases and then every
 * name again (D2), gives back what is needed (D3), unlinks the rest (D4). What an interrupted sweep
 * left in the trash comes first, through the same look.
 *
 * Trusts neither the plan nor the sweep lock with data: two sweeps at once, or a plan that has long
 * been overtaken, delete nothing that a name needs. An abort or an error gives everything its name
 * back that is not destroyed yet, as far as the disk lets it; the rest waits in the trash for the
 * next sweep.
 *
 * @throws StoreError `ERR_STORE_PLAN_STALE`, `ERR_STORE_ROOT_UNREADABLE` (INV-5),
 * `ERR_STORE_SWEEP_POSTPONED`
 */
export async function applyGc(
  plan: GcPlan,
  ports: GcPorts,
  options: ApplyOptions = {},
): Promise<GcReport> {
  const { batchCount = BATCH_COUNT, planAgeMsMax = PLAN_AGE_MS_MAX } = options;
  if (!(batchCount >= 1)) throw new TypeError(`batchCount must be 1 or more, not ${batchCount}`);
  options.signal?.throwIfAborted();
  admitPlan(plan, ports.now(), planAgeMsMax);
  const sweep = createSweep(plan, ports, { ...options, batchCount });
  if (plan.trashed.length > 0) {
    await postponeWhileLocked(ports);
    await recoverTrash(sweep);
  }
  const digests = plan.candidates.map(({ digest }) => digest);
  for (let start = 0; start < digests.length; start += batchCount) {
    await postponeWhileLocked(ports);
    await sweepBatch(sweep, digests.slice(start, start + batchCount));
  }
  for (const pack of plan.packs) {
    await postponeWhileLocked(ports);
    await dropFromPack(sweep, pack);
  }
  for (const item of plan.expired) await expire(sweep, item);
  return sweep.report();
}

async function recoverTrash(sweep: Sweep): Promise<void> {
  let batch: GcTrashed[] = [];
  for await (const trashed of sweep.ports.blobs.listTrash(sweep.options)) {
    batch.push(trashed);
    if (batch.length < sweep.batchCount) continue;
    await sweepTrash(sweep, batch);
    batch = [];
  }
  await sweepTrash(sweep, batch);
}

async function dropFromPack(sweep: Sweep, { id, drop }: PackDrop): Promise<void> {
  const { ports, options } = sweep;
  options.signal?.throwIfAborted();
  let freedBytes;
  try {
    freedBytes = await ports.packs?.drop(id, drop, {
      ...options,
      lookAgain: async (digests) => (await lookAgain(ports, digests, options)).needed,
    });
  } catch (error) {
    sweep.tolerate(`pack ${id}`, error);
  }
  if (freedBytes === undefined || freedBytes === 0) return;
  sweep.addFreed(freedBytes);
  for (const digest of drop) sweep.note({ kind: "destroyed", digest, size: 0 });
}

async function expire(sweep: Sweep, item: ExpiredItem): Promise<void> {
  const { ports, options } = sweep;
  options.signal?.throwIfAborted();
  const provider = ports.expirables?.find(({ kind }) => kind === item.kind);
  if (provider === undefined) return;
  try {
    await provider.remove(item.id);
  } catch (error) {
    sweep.tolerate(`${item.kind} ${item.id}`, error);
    return;
  }
  sweep.addFreed(item.bytes);
  sweep.note({ kind: "expired", item });
}
