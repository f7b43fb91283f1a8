import { lookAgain } from "@store/gc";
import { withSweepLock } from "@store/layout";
import {
  applyRepack,
  type PackInfo,
  packInfoOf,
  planRepack,
  type RepackPlan,
  type RepackReport,
} from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import { usageError } from "../errors/usage-error.ts";
import { openStore, type Store } from "../open-store.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";
import { liveObjects } from "../packs/live-objects.ts";
import { createSweepPorts } from "../sweep/sweep-ports.ts";

export interface RepackFlags {
  readonly minLive?: string;
  readonly dryRun?: boolean;
}

/** Packs below this are merged, into new ones of up to the other. */
const MERGE_BELOW_BYTES = 8 * 1024 * 1024;
const PACK_BYTES_MAX = 64 * 1024 * 1024;

/** A rewrite copies what stays: at one half it frees at least what it writes. */
const LIVE_PERCENT_MIN = 50;

/** `store repack`: rewrites packs that hold too little that is needed, and merges small ones. */
export async function repackStore(context: CommandContext, flags: RepackFlags): Promise<number> {
  const percent = flags.minLive === undefined ? LIVE_PERCENT_MIN : readPercent(flags.minLive);
  const { output } = context;
  await using store = await openStore(context);
  if (flags.dryRun === true) {
    const plan = await planFor(store, percent, context.signal);
    output.answer({ json: { dryRun: true, plan }, text: toPlanText(plan) });
    return 0;
  }
  const ports = createSweepPorts(store, (body) => body(context.signal));
  const { plan, report } = await withSweepLock(
    store.layout,
    async (signal) => {
      const chosen = await planFor(store, percent, signal);
      const done = await applyRepack(store.layout, chosen, {
        signal,
        lookAgain: async (digests) => (await lookAgain(ports, digests, { signal })).needed,
      });
      return { plan: chosen, report: done };
    },
    { signal: context.signal },
  );
  output.answer({ json: { dryRun: false, plan, ...report }, text: toText(report) });
  return 0;
}

async function planFor(store: Store, percent: number, signal: AbortSignal): Promise<RepackPlan> {
  const live = await liveObjects(store, { signal });
  const packs: PackInfo[] = [];
  for (const pack of store.packs.packs()) packs.push(await packInfoOf(pack));
  return planRepack(packs, live, {
    liveShareMin: percent / 100,
    mergeBelowBytes: MERGE_BELOW_BYTES,
    packBytesMax: PACK_BYTES_MAX,
  });
}

function readPercent(text: string): number {
  const percent = /^\d{1,3}%?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw usageError(`not a percentage: ${text}`, "Give a number from 0 to 100.");
}

function toPlanText({ writes, deletes, reclaimBytes }: RepackPlan): string {
  if (deletes.length === 0) return "nothing to do\n";
  const written = `${formatPlural(deletes.length, "pack")} by ${writes.length}`;
  return `would replace ${written}, freeing ${formatBytes(Math.max(0, reclaimBytes))}\n`;
}

function toText({ written, deleted, kept, freedBytes }: RepackReport): string {
  if (written.length + deleted.length + kept.length === 0) return "nothing to do\n";
  const lines = [
    `replaced ${formatPlural(deleted.length, "pack")} by ${written.length}, freeing ${formatBytes(Math.max(0, freedBytes))}`,
  ];
  for (const { id, why } of kept) {
    const reason = why === "damaged" ? "is damaged: see `store verify`" : "is needed";
    lines.push(`pack ${id} stays: it ${reason}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
