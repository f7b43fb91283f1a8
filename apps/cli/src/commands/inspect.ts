import { inspect, type Inspection } from "@store/fetch";

import type { CommandContext } from "../command-context.ts";
import { createSources, type SourceFlags } from "../fetching/create-sources.ts";
import { gatherFacts, type ModelFacts } from "../models/model-facts.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatCount } from "../output/format-count.ts";
import { formatTable } from "../output/format-table.ts";

export interface InspectFlags extends SourceFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** `store inspect LOCATION`: what a model is, from the headers of its files alone. */
export async function inspectLocation(
  context: CommandContext,
  location: string,
  flags: InspectFlags,
): Promise<number> {
  const { output, signal } = context;
  const sources = await createSources(context, flags);
  const { include, exclude } = flags;
  const found = await inspect(location, { sources }, { include, exclude, signal });
  const facts = gatherFacts(found.headers.map(({ info }) => ({ info })));
  output.answer({ json: toJson(found, facts), text: toText(found, facts) });
  return 0;
}

function toJson(found: Inspection, facts: ModelFacts | undefined): object {
  return {
    location: found.location,
    revision: found.revision,
    format: found.format ?? null,
    license: found.license ?? null,
    files: found.files.map(({ path, size, digest, scan }) => ({
      path,
      size: size ?? null,
      digest: digest ?? null,
      scan: scan ?? null,
    })),
    headers: found.headers.map(({ path, info }) => ({
      path,
      format: info.format,
      architecture: info.architecture ?? null,
      parameterCount: info.parameterCount,
      quantization: info.quantization ?? null,
      contextLength: info.contextLength ?? null,
      headerSize: info.headerSize,
    })),
    facts: facts ?? null,
    bytesFetched: found.bytesFetched,
  };
}

function toText(found: Inspection, facts: ModelFacts | undefined): string {
  const { contextLength, parameterCount } = facts ?? {};
  const rows: (readonly [string, string | undefined])[] = [
    ["location", found.location],
    ["revision", found.revision],
    ["format", facts?.format ?? found.format],
    ["architecture", facts?.architecture],
    ["parameters", parameterCount === undefined ? undefined : formatCount(parameterCount)],
    ["quantisation", facts?.quantization],
    ["context", contextLength === undefined ? undefined : `${contextLength} tokens`],
    ["licence", found.license ?? facts?.license],
    ["read", formatBytes(found.bytesFetched)],
  ];
  const known = rows.flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[key, escapeText(value)]],
  );
  const files = found.files.map(({ path, size, scan }) => [
    escapeText(path),
    size === undefined ? "?" : formatBytes(size),
    scan === undefined ? "" : escapeText(scan),
  ]);
  return `${formatTable(known)}\n${formatTable([["FILE", "SIZE", ""], ...files], { right: [1] })}`;
}
