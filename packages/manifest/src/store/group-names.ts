import { formatName } from "../name/format-name.ts";
import type { RefName } from "../name/name.ts";
import { nameFromSegments } from "../name/name-path.ts";
import type { FoundModels, Place } from "./find-models.ts";
import type { WalkedFile } from "./walked-file.ts";

/** A directory of references that differ in nothing but their tag. */
export interface ModelDirectory {
  readonly path: string;
  /** One of those references; `undefined` if the path of the directory is that of none. */
  readonly ref: RefName | undefined;
}

/** Names whose texts begin alike as no others do: a flat name, or all tags of a model. */
export interface NameGroup {
  readonly flat?: WalkedFile | undefined;
  /** More than one where a host is spelled with `:` here and with `%3A` there. */
  readonly directories: readonly ModelDirectory[];
}

/** The groups in the order of their names, so that names come in order group by group. */
export function groupNames({ files, models }: FoundModels): readonly NameGroup[] {
  const groups = new Map<string, NameGroup>();
  for (const file of files)
    if (file.kind === "name") groups.set(formatName(file.name), { flat: file, directories: [] });
  for (const place of models) {
    const directory = toDirectory(place);
    const beginning = beginningOf(directory);
    const twins = groups.get(beginning)?.directories ?? [];
    groups.set(beginning, { directories: [...twins, directory] });
  }
  return [...groups.keys()].toSorted().map((beginning) => groups.get(beginning) as NameGroup);
}

function toDirectory({ path, segments }: Place): ModelDirectory {
  const any = nameFromSegments([...segments, "latest"]);
  return { path, ref: any?.kind === "ref" ? any : undefined };
}

/** No name begins like a path. */
function beginningOf({ path, ref }: ModelDirectory): string {
  return ref === undefined ? path : formatName({ ...ref, tag: "" });
}
