import {
  createFileSource,
  createHuggingFaceSource,
  createUrlSource,
  type HttpOptions,
  pull,
  type PullResult,
  type Source,
} from "@store/fetch";
import { parseDigest, recordOrigin } from "@store/layout";

import type { CommandContext } from "../command-context.ts";
import { usageError } from "../errors/usage-error.ts";
import { readToken } from "../input/read-token.ts";
import { parseNewName } from "../models/find-model.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";
import { formatDuration } from "../output/format-duration.ts";
import { createPullProgress } from "../output/pull-progress.ts";
import { PRODUCER } from "../version.ts";

/** As many as help on any line; a server may well refuse more. */
const CONNECTIONS_MAX = 64;

interface PullFlags {
  readonly as?: string;
  readonly digest?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly connections?: string;
  readonly tokenStdin?: boolean;
  readonly offline?: boolean;
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
  const { output, signal } = context;
  await using store = await openStore(context);
  const sources = await createSources(context, flags);
  const startedMs = performance.now();
  try {
    const result = await pull(
      location,
      {
        sources,
        ...store,
        now: store.layout.now,
        recordOrigin: (blob, origin) => recordOrigin(store.layout, blob, origin),
      },
      {
        as: flags.as,
        digest,
        include: flags.include,
        exclude: flags.exclude,
        connections,
        dryRun: flags.dryRun,
        producedBy: PRODUCER,
        signal,
        onProgress: createPullProgress(output),
      },
    );
    output.event({ kind: "result", dryRun: flags.dryRun === true, ...result });
    output.text(describe(result, performance.now() - startedMs));
    return 0;
  } catch (error) {
    if (signal.aborted) {
      output.note("stopped; the same command goes on where this one ended");
    }
    throw error;
  }
}

async function createSources(
  { host }: CommandContext,
  flags: PullFlags,
): Promise<readonly Source[]> {
  const { env } = host;
  const token = flags.tokenStdin === true ? await readToken(host.stdin) : env["HF_TOKEN"];
  const http: HttpOptions = {
    offline: flags.offline === true || isOn(env["HF_HUB_OFFLINE"]),
    userAgent: PRODUCER,
  };
  return [
    createHuggingFaceSource({ ...http, endpoint: env["HF_ENDPOINT"] || undefined, token }),
    createUrlSource(http),
    createFileSource(),
  ];
}

/** As the hub's own tools read a switch. */
function isOn(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/i.test(value ?? "");
}

function readConnections(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= CONNECTIONS_MAX) return count;
  throw usageError(
    `not a number of connections: ${text}`,
    `Choose one from 1 to ${CONNECTIONS_MAX}.`,
  );
}

function describe(result: PullResult, elapsedMs: number): string {
  const { name, descriptor, files, bytesFetched, bytesReused } = result;
  if (descriptor === undefined) {
    const absent = files.filter(({ reused }) => !reused);
    const lines = files.map(({ path, size, reused }) => {
      const bytes = size === undefined ? "size unknown" : formatBytes(size);
      return `${reused ? "here   " : "missing"} ${escapeText(path)} (${bytes})\n`;
    });
    return `${lines.join("")}would fetch ${formatPlural(absent.length, "file")} for ${escapeText(name)}\n`;
  }
  const reused = bytesReused === 0 ? "" : `, ${formatBytes(bytesReused)} were here already`;
  return (
    `pulled ${escapeText(name)}: ${formatPlural(files.length, "file")}, ` +
    `${formatBytes(bytesFetched)} fetched${reused}, in ${formatDuration(elapsedMs)}\n`
  );
}
