import {
  diffDocuments,
  formatName,
  type ManifestDiff,
  type ModelFile,
  type Name,
} from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { checkAsked, findModel } from "../models/find-model.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatTable } from "../output/format-table.ts";

/** `store diff A B`: what one model has that another has not. */
export async function diffModels(
  context: CommandContext,
  before: string,
  after: string,
): Promise<number> {
  checkAsked(before);
  checkAsked(after);
  await using store = await openStore(context);
  const was = await findModel(store.manifests, before);
  const is = await findModel(store.manifests, after);
  const diff = diffDocuments(was.document, is.document);
  context.output.answer({
    json: toJson(was.name, is.name, diff),
    text: toText(diff),
  });
  return 0;
}

function toJson(before: Name, after: Name, diff: ManifestDiff): object {
  const { added, removed, changed, kept, bytes } = diff;
  return {
    before: formatName(before),
    after: formatName(after),
    added: added.map(fileToJson),
    removed: removed.map(fileToJson),
    changed: changed.map((pair) => ({
      path: pair.after.path,
      before: { digest: pair.before.digest, size: pair.before.size },
      after: { digest: pair.after.digest, size: pair.after.size },
    })),
    kept: kept.map(fileToJson),
    bytes,
  };
}

function fileToJson({ path, digest, size }: ModelFile): object {
  return { path, digest, size };
}

function toText({ added, removed, changed, kept, bytes }: ManifestDiff): string {
  const rows = [
    ...added.map((file) => ["added", file.path, formatBytes(file.size)]),
    ...removed.map((file) => ["removed", file.path, formatBytes(file.size)]),
    ...changed.map((pair) => [
      "changed",
      pair.after.path,
      `${formatBytes(pair.before.size)} → ${formatBytes(pair.after.size)}`,
    ]),
    ...kept.map((file) => ["kept", file.path, formatBytes(file.size)]),
  ].map(([what = "", path = "", size = ""]) => [what, escapeText(path), size]);
  const sums = `${formatBytes(bytes.added)} added, ${formatBytes(bytes.removed)} removed, ${formatBytes(bytes.kept)} kept\n`;
  return `${formatTable(rows)}${sums}`;
}
