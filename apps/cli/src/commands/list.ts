import { type ErrorKind, isStoreError, type StoreErrorJson } from "@store/layout";
import { formatName, type ListedManifest, type ManifestEntry } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { EXIT_CODES } from "../errors/exit-codes.ts";
import { type ModelSummary, summarize } from "../models/model-summary.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatAge } from "../output/format-duration.ts";
import { formatTable } from "../output/format-table.ts";

/** A word for what may be wrong with one name. */
const DAMAGE: Readonly<Partial<Record<ErrorKind, string>>> = {
  corrupt: "damaged",
  unsupported: "unsupported",
  denied: "no access",
};

interface Row {
  readonly entry: ManifestEntry;
  readonly modifiedAtMs: number;
  readonly digest: string;
  readonly summary: ModelSummary;
}

interface DamagedRow {
  readonly entry: ManifestEntry;
  readonly error: StoreErrorJson;
}

/**
 * `store list`: every name, ascending. One that cannot be read hides no other; it is shown as what
 * it is, and the exit code says so.
 */
export async function listModels(
  context: CommandContext,
  flags: { readonly quiet?: boolean },
): Promise<number> {
  await using store = await openStore(context);
  const { output, signal } = context;
  if (flags.quiet === true) {
    const names: string[] = [];
    for await (const { name } of store.manifests.list({ signal })) names.push(formatName(name));
    output.answer({ json: { names }, text: names.map((name) => `${name}\n`).join("") });
    return 0;
  }
  const rows: (Row | DamagedRow)[] = [];
  for await (const listed of store.manifests.listStored({ signal })) rows.push(toRow(listed));
  output.answer({
    json: { home: store.layout.paths.root, models: rows.map((row) => toJson(row)) },
    text: toText(rows, store.layout.now()),
  });
  if (rows.length === 0) {
    output.note(`no models in ${escapeText(store.layout.paths.root)}; \`store pull\` fetches one`);
  }
  const damaged = rows.filter((row): row is DamagedRow => "error" in row);
  for (const { error } of damaged) output.note(`store: ${escapeText(error.message)}`);
  const [first] = damaged;
  return first === undefined ? 0 : EXIT_CODES[first.error.kind];
}

function toRow(listed: ListedManifest): Row | DamagedRow {
  const { entry } = listed;
  if ("error" in listed) return { entry, error: listed.error.toJSON() };
  const { stored, modifiedAtMs } = listed;
  try {
    const summary = summarize(stored.document);
    return { entry, modifiedAtMs, digest: stored.descriptor.digest, summary };
  } catch (error) {
    // A whole manifest can still give its files paths that no disk should see.
    if (!isStoreError(error) || DAMAGE[error.kind] === undefined) throw error;
    return { entry, error: error.toJSON() };
  }
}

function toJson(row: Row | DamagedRow): object {
  const name = formatName(row.entry.name);
  if ("error" in row) return { name, error: row.error };
  const { summary, digest, modifiedAtMs } = row;
  return {
    name,
    kind: row.entry.name.kind,
    digest,
    size: summary.size,
    format: summary.format,
    files: summary.fileCount,
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    source: summary.source ?? null,
  };
}

function toText(rows: readonly (Row | DamagedRow)[], nowMs: number): string {
  if (rows.length === 0) return "";
  const lines = rows.map((row) => {
    const name = escapeText(formatName(row.entry.name, "short"));
    if ("error" in row) return [name, "", DAMAGE[row.error.kind] ?? "", "", ""];
    const { size, format, source } = row.summary;
    const age = formatAge(nowMs - row.modifiedAtMs);
    return [name, formatBytes(size), escapeText(format), age, escapeText(source ?? "")];
  });
  const header = ["NAME", "SIZE", "FORMAT", "MODIFIED", "SOURCE"];
  return formatTable([header, ...lines], { right: [1] });
}
