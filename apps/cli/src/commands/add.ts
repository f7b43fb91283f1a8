import { digestFile } from "@store/layout";
import { filesOf, formatName, type Name, type StoredManifest } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { adoptFile, type Adopted } from "../models/adopt-file.ts";
import { nameTaken } from "../models/check-free.ts";
import { parseNewName } from "../models/find-model.ts";
import { describeLocalFile, type LocalFile } from "../models/local-file.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";

interface AddFlags {
  readonly as?: string;
  readonly link?: boolean;
  readonly force?: boolean;
}

/** `store add FILE`: takes a file of this machine in and gives it a name. */
export async function addFile(
  context: CommandContext,
  path: string,
  flags: AddFlags,
): Promise<number> {
  const named = flags.as === undefined ? undefined : parseNewName(flags.as);
  await using store = await openStore(context);
  const file = await describeLocalFile(store.layout, path);
  const name = named ?? parseNewName(file.suggestedName);
  const existing = await store.manifests.get(name);
  if (existing !== undefined && flags.force !== true) {
    await checkSame(context, existing, file);
  }
  const adopted = await adoptFile(context, store, file, {
    name,
    existing,
    mode: flags.link === true ? "link" : "copy",
    force: flags.force === true,
  });
  for (const warning of adopted.warnings) context.output.note(`store: ${escapeText(warning)}`);
  context.output.answer(describe(name, file, adopted));
  return 0;
}

/**
 * Adding what a name holds already is no conflict, it makes sure that it is there.
 *
 * @throws StoreError `ERR_STORE_NAME_TAKEN`
 */
async function checkSame(
  { signal }: CommandContext,
  existing: StoredManifest,
  file: LocalFile,
): Promise<void> {
  const [only, ...others] = filesOf(existing.document);
  const same =
    only !== undefined &&
    others.length === 0 &&
    only.size === file.size &&
    only.digest === (await digestFile(file.path, { signal }));
  if (!same) throw nameTaken(existing.name);
}

function describe(
  name: Name,
  { filename }: LocalFile,
  { blob, descriptor, format, warnings }: Adopted,
): { readonly json: object; readonly text: string } {
  const short = escapeText(formatName(name, "short"));
  return {
    json: {
      name: formatName(name),
      digest: descriptor.digest,
      blob: blob.digest,
      size: blob.size,
      format,
      warnings,
    },
    text: `added ${escapeText(filename)} (${formatBytes(blob.size)}) as ${short}\n`,
  };
}
