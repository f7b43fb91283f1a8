import { isStoreError } from "@store/layout";
import { filesOf, formatName, type ModelFile, type StoredManifest } from "@store/manifest";
import type { ModelInfo } from "@store/manifest/inspect";

import type { CommandContext } from "../command-context.ts";
import { checkAsked, findModel } from "../models/find-model.ts";
import { inspectFile } from "../models/inspect-file.ts";
import { gatherFacts, type ModelFacts } from "../models/model-facts.ts";
import { type ModelSummary, summarize } from "../models/model-summary.ts";
import { openStore, type Store } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatCount } from "../output/format-count.ts";
import { formatTable } from "../output/format-table.ts";

/** Headers read of one model: a split of hundreds of parts says the same in each of them. */
const HEADERS_MAX = 1024;

interface ShownFile extends ModelFile {
  /** Whether the store has its bytes. */
  readonly present: boolean;
}

interface Shown {
  readonly stored: StoredManifest;
  readonly summary: ModelSummary;
  readonly files: readonly ShownFile[];
  readonly facts: ModelFacts | undefined;
  readonly warnings: readonly string[];
}

/** `store show NAME`: what a model is. */
export async function showModel(context: CommandContext, text: string): Promise<number> {
  checkAsked(text);
  await using store = await openStore(context);
  const stored = await findModel(store.manifests, text);
  const files: ShownFile[] = [];
  for (const file of filesOf(stored.document)) {
    const info = await store.blobs.stat(file.digest, { signal: context.signal });
    files.push({ ...file, present: info?.size === file.size });
  }
  const { facts, warnings } = await readHeaders(context, store, files);
  const shown = { stored, summary: summarize(stored.document), files, facts, warnings };
  context.output.answer({ json: toJson(shown), text: toText(shown) });
  for (const warning of warnings) context.output.note(`store: ${escapeText(warning)}`);
  return 0;
}

async function readHeaders(
  { signal }: CommandContext,
  { blobs }: Store,
  files: readonly ShownFile[],
): Promise<Pick<Shown, "facts" | "warnings">> {
  const infos: { file: ModelFile; info: ModelInfo }[] = [];
  const warnings: string[] = [];
  const weights = files.filter(({ role, present }) => role === "weights" && present);
  for (const file of weights.slice(0, HEADERS_MAX)) {
    try {
      const info = await inspectFile(blobs, file, signal);
      if (info !== undefined) infos.push({ file, info });
    } catch (error) {
      if (!isStoreError(error) || error.kind !== "corrupt") throw error;
      warnings.push(`the header of ${file.path} is damaged: ${error.message}`);
    }
  }
  return { facts: gatherFacts(infos), warnings };
}

function toJson({ stored, summary, files, facts, warnings }: Shown): object {
  const { name, path, document, descriptor } = stored;
  return {
    name: formatName(name),
    kind: document.kind,
    manifest: { path, digest: descriptor.digest, size: descriptor.size },
    size: summary.size,
    format: summary.format,
    license: licenseOf(stored, facts) ?? null,
    source: summary.source ?? null,
    producedBy: document.kind === "v1" ? document.producedBy : null,
    producedAt: document.kind === "v1" ? document.producedAt : null,
    files: files.map((file) => ({
      path: file.path,
      role: file.role,
      digest: file.digest,
      size: file.size,
      present: file.present,
    })),
    facts:
      facts === undefined
        ? null
        : {
            format: facts.format,
            name: facts.name ?? null,
            architecture: facts.architecture ?? null,
            parameterCount: facts.parameterCount,
            tensorCount: facts.tensorCount,
            quantization: facts.quantization ?? null,
            contextLength: facts.contextLength ?? null,
            license: facts.license ?? null,
            chatTemplate: facts.chatTemplate,
          },
    warnings,
  };
}

function licenseOf(
  { document }: StoredManifest,
  facts: ModelFacts | undefined,
): string | undefined {
  return (document.kind === "v1" ? document.license : undefined) ?? facts?.license;
}

function toText({ stored, summary, files, facts, ...rest }: Shown): string {
  const { document, descriptor, name } = stored;
  const rows: (readonly [string, string | undefined])[] = [
    ["name", formatName(name, "short")],
    ["format", summary.format],
    ["size", formatBytes(summary.size)],
    ["architecture", facts?.architecture],
    ["parameters", facts === undefined ? undefined : formatCount(facts.parameterCount)],
    ["quantisation", facts?.quantization],
    ["context", facts?.contextLength === undefined ? undefined : `${facts.contextLength} tokens`],
    ["tensors", facts === undefined ? undefined : String(facts.tensorCount)],
    ["chat template", facts === undefined ? undefined : facts.chatTemplate ? "yes" : "no"],
    ["licence", licenseOf(stored, facts)],
    ["source", summary.source],
    ["recorded", document.kind === "v1" ? recordOf(document) : undefined],
    ["manifest", descriptor.digest],
  ];
  const known = rows.flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[key, escapeText(value)]],
  );
  if (rest.warnings.length > 0) known.push(["damaged", `${rest.warnings.length} headers`]);
  return `${formatTable(known)}\n${formatFiles(files)}`;
}

function recordOf({ producedBy, producedAt }: { producedBy: string; producedAt: string }): string {
  return `${producedAt} by ${producedBy}`;
}

function formatFiles(files: readonly ShownFile[]): string {
  if (files.length === 0) return "no files\n";
  const rows = files.map(({ path, size, role, digest, present }) => [
    escapeText(path),
    formatBytes(size),
    role,
    present ? digest : `${digest} (missing)`,
  ]);
  return formatTable([["FILE", "SIZE", "ROLE", "BLOB"], ...rows], { right: [1] });
}
