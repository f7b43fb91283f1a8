// D1 to D4 of one batch. Its safety is the order of the steps alone: no lock, lease or clock is
// trusted (see "Why a sweep can never delete what a name needs" in the architecture document).

import type { Digest } from "@store/layout";

import { forEachConcurrent } from "../for-each-concurrent.ts";
import type { GcTrashed, GcTrashNotice } from "../ports.ts";
import { lookAgain } from "./look-again.ts";
import type { Sweep } from "./sweep.ts";

/** Renames and unlinks in flight at once. */
const DELETES_IN_FLIGHT = 16;

/** Takes candidates through D1–D4, or leaves them all where they were. */
export async function sweepBatch(sweep: Sweep, digests: readonly Digest[]): Promise<void> {
  const notice = await sweep.ports.blobs.announceTrash?.(digests);
  const held = new Set<GcTrashed>();
  let isUnclear = false;
  await orGiveBack(sweep, held, async () => {
    await forEachConcurrent(digests, DELETES_IN_FLIGHT, async (digest) => {
      const trashed = await moveAside(sweep, digest, notice);
      if (trashed === "failed") isUnclear = true;
      else if (trashed !== undefined) held.add(trashed);
    });
    await settle(sweep, held);
  });
  // A blob may have been moved by a call that failed afterwards.
  if (!isUnclear) await notice?.withdraw();
}

/**
 * What an interrupted sweep left in the trash, from D2 on. Whatever stops this one leaves the rest
 * there, where every reader finds it.
 */
export async function sweepTrash(sweep: Sweep, batch: Iterable<GcTrashed>): Promise<void> {
  await settle(sweep, new Set(batch), { leftover: true });
}

/** D1. */
async function moveAside(
  sweep: Sweep,
  digest: Digest,
  notice: GcTrashNotice | undefined,
): Promise<GcTrashed | "failed" | undefined> {
  sweep.options.signal?.throwIfAborted();
  let trashed;
  try {
    trashed = await sweep.ports.blobs.trash(digest, sweep.id, notice);
  } catch (error) {
    sweep.tolerate(digest, error);
    return "failed";
  }
  if (trashed === undefined && !sweep.packed.has(digest)) sweep.note({ kind: "skipped", digest });
  return trashed;
}

interface SettleOptions {
  /** What is held was left by another sweep, so no plan of this one speaks of it. */
  readonly leftover?: boolean;
}

/** D2, then D3 or D4 for each. What is settled is no longer held. */
async function settle(
  sweep: Sweep,
  held: Set<GcTrashed>,
  options: SettleOptions = {},
): Promise<void> {
  // INV-4: everything held had its trash name before this look begins.
  const digests = Array.from(held, ({ digest }) => digest);
  const { needed, rootsCount } = await lookAgain(sweep.ports, digests, sweep.options);
  // Without any name the plan decides what may go, so what it has not seen goes back first.
  const restoreAll = options.leftover === true && rootsCount === 0;
  await forEachConcurrent([...held], DELETES_IN_FLIGHT, async (trashed) => {
    sweep.options.signal?.throwIfAborted();
    if (restoreAll || needed.has(trashed.digest)) {
      await trashed.restore();
      held.delete(trashed);
      sweep.note({ kind: "restored", digest: trashed.digest, size: trashed.size });
    } else {
      await destroy(sweep, held, trashed, options);
    }
  });
}

/** D4. What cannot be unlinked goes back to where it was: to its name, or nowhere if left over. */
async function destroy(
  sweep: Sweep,
  held: Set<GcTrashed>,
  trashed: GcTrashed,
  options: SettleOptions,
): Promise<void> {
  let isGone;
  try {
    isGone = await trashed.destroy();
  } catch (error) {
    sweep.tolerate(trashed.digest, error);
    if (options.leftover !== true) await trashed.restore();
    held.delete(trashed);
    return;
  }
  held.delete(trashed);
  const { digest, size } = trashed;
  sweep.note({ kind: isGone ? "destroyed" : "restored", digest, size });
}

/** Runs `body`; whatever stops it, everything still held gets its name back first. */
async function orGiveBack(
  sweep: Sweep,
  held: Set<GcTrashed>,
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
  } catch (error) {
    const stranded: { digest: Digest; error: unknown }[] = [];
    await forEachConcurrent(held, DELETES_IN_FLIGHT, async (trashed) => {
      try {
        await trashed.restore();
      } catch (failure) {
        stranded.push({ digest: trashed.digest, error: failure });
      }
    });
    // These stay in the trash, where every reader finds them and the next sweep looks again.
    for (const one of stranded) sweep.note({ kind: "stranded", ...one });
    throw error;
  }
}
