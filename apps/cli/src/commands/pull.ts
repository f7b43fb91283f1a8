import { plan, pull, type PullResult, type SelectOptions, type Source } from "@store/fetch";
import {
  countPartialBytes,
  ifPresent,
  parseDigest,
  quarantineBytes,
  readOrigins,
  recordOrigin,
} from "@store/layout";

import type { CommandContext } from "../command-context.ts";
import { createSources, type SourceFlags } from "../fetching/create-sources.ts";
import { describePlan } from "../fetching/describe-plan.ts";
import { readConnections, readRateLimit } from "../fetching/read-limits.ts";
import { type PolicyFlags, readPullPolicy } from "../fetching/read-pull-policy.ts";
import { parseNewName } from "../models/find-model.ts";
import { openStore, type Store } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";
import { formatDuration } from "../output/format-duration.ts";
import { createPullProgress } from "../output/pull-progress.ts";
import { PRODUCER } from "../version.ts";

export interface PullFlags extends SourceFlags, PolicyFlags {
  readonly as?: string;
  readonly digest?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly mirror?: readonly string[];
  readonly connections?: string;
  readonly limitRate?: string;
  readonly dryRun?: boolean;
}

/** `store pull LOCATION`: fetches a model, or goes on where an earlier pull of it stopped. */
export async function pullModel(
  context: CommandContext,
  location: string,
  flags: PullFlags,
): Promise<number> {
  // A bad name or digest is told before anything is asked or made.
  if (flags.as !== undefined) parseNewName(flags.as);
  const digest = flags.digest === undefined ? undefined : parseDigest(flags.digest);
  const connections = readConnections(flags.connections);
  const rateLimit = readRateLimit(flags.limitRate);
  const policy = readPullPolicy(flags);
  const { output, signal } = context;
  await using store = await openStore(context);
  const sources = await createSources(context, flags);
  const { as, include, exclude } = flags;
  const wanted: SelectOptions = { as, digest, include, exclude, policy, signal };
  if (flags.dryRun === true) return await printPlan(context, location, { store, sources, wanted });
  const startedMs = performance.now();
  try {
    const result = await pull(
      location,
      {
        sources,
        ...store,
        now: store.layout.now,
        recordOrigin: (blob, origin) => recordOrigin(store.layout, blob, origin),
        readOrigins: (blob) => readOrigins(store.layout, blob),
        quarantine: (bytes, why) => quarantineBytes(store.layout, bytes, why),
      },
      {
        ...wanted,
        mirrors: flags.mirror,
        connections,
        rateLimit,
        producedBy: PRODUCER,
        onProgress: createPullProgress(output),
      },
    );
    output.event({ kind: "result", dryRun: false, ...result });
    output.text(describe(result, performance.now() - startedMs));
    return 0;
  } catch (error) {
    if (signal.aborted) {
      output.note("stopped; the same command goes on where this one ended");
    }
    throw error;
  }
}

async function printPlan(
  { output }: CommandContext,
  location: string,
  {
    store,
    sources,
    wanted,
  }: {
    readonly store: Store;
    readonly sources: readonly Source[];
    readonly wanted: SelectOptions;
  },
): Promise<number> {
  const { layout, blobs, manifests } = store;
  const planned = await plan(
    location,
    {
      sources,
      blobs,
      manifests,
      readOrigins: (blob) => readOrigins(layout, blob),
      countPartialBytes: (target) => countPartialBytes(layout, target),
      freeBytes: () => ifPresent(layout.fs.freeBytes(layout.paths.root)),
    },
    wanted,
  );
  output.event({ kind: "result", dryRun: true, ...planned });
  output.text(describePlan(planned));
  return 0;
}

function describe(result: PullResult, elapsedMs: number): string {
  const { name, files, bytesFetched, bytesReused } = result;
  const reused = bytesReused === 0 ? "" : `, ${formatBytes(bytesReused)} were here already`;
  return (
    `pulled ${escapeText(name)}: ${formatPlural(files.length, "file")}, ` +
    `${formatBytes(bytesFetched)} fetched${reused}, in ${formatDuration(elapsedMs)}\n`
  );
}
