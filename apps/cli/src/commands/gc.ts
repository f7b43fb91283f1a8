import { collectGarbage, formatPlan, type GcEvent, type GcReport } from "@store/gc";
import { withSweepLock } from "@store/layout";

import type { CommandContext } from "../command-context.ts";
import { describeError, exitCodeOf } from "../errors/report-error.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";
import { namingRemedy } from "../sweep/naming-remedy.ts";
import { type PolicyFlags, readPolicy } from "../sweep/read-policy.ts";
import { createSweepPorts } from "../sweep/sweep-ports.ts";

export interface GcFlags extends PolicyFlags {
  readonly dryRun?: boolean;
}

/** `store gc`: deletes what no name needs any more. A dry run prints the plan a run carries out. */
export async function sweepStore(context: CommandContext, flags: GcFlags): Promise<number> {
  const policy = readPolicy(flags);
  await using store = await openStore(context);
  const { output, signal } = context;
  const ports = createSweepPorts(store, (body) => withSweepLock(store.layout, body, { signal }));
  const sweep = collectGarbage(ports, {
    dryRun: flags.dryRun,
    signal,
    policy,
    onProgress: (event) => {
      const warning = warningOf(event);
      if (warning !== undefined) output.note(`store: ${escapeText(warning)}`);
    },
  });
  const report = await namingRemedy(store.layout, sweep);
  if (report.dryRun) {
    output.answer({ json: { dryRun: true, plan: report.plan }, text: formatPlan(report.plan) });
    return 0;
  }
  output.answer({ json: toJson(report), text: toText(report) });
  const [failure] = report.failed;
  return failure === undefined ? 0 : exitCodeOf(failure.error);
}

function warningOf(event: GcEvent): string | undefined {
  switch (event.kind) {
    case "failed":
      return `cannot delete ${event.subject}: ${describeError(event.error).message}`;
    case "stranded":
      return `blob ${event.digest} stays in the trash until the next sweep: ${describeError(event.error).message}`;
    case "unrecorded":
      return `cannot remember what has no name now, so it waits longer: ${describeError(event.error).message}`;
    case "planned":
    case "destroyed":
    case "restored":
    case "skipped":
    case "expired":
      return undefined;
  }
}

function toJson(report: GcReport): object {
  return {
    dryRun: false,
    plan: report.plan,
    freedBytes: report.freedBytes,
    destroyed: report.destroyed,
    restored: report.restored,
    skipped: report.skipped,
    expired: report.expired,
    failed: report.failed.map(({ subject, error }) => ({ subject, error: describeError(error) })),
  };
}

function toText({ freedBytes, destroyed, expired, restored, plan }: GcReport): string {
  const lines = [
    `freed ${formatBytes(freedBytes)}: ${formatPlural(destroyed.length, "blob")}, ${expired.length} expired`,
  ];
  if (restored.length > 0) {
    lines.push(`kept ${formatPlural(restored.length, "blob")} that a name began to need meanwhile`);
  }
  if (plan.kept.young > 0) {
    lines.push(
      `kept ${formatPlural(plan.kept.young, "blob")} without a name until the minimum age is over`,
    );
  }
  for (const { root, digest } of plan.dangling) {
    lines.push(`missing: ${escapeText(root)} needs ${digest}; pull it again`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
