import { join, sep } from "node:path";

import type { AbortOptions, FsEntry, FsPort } from "@store/layout";

import { formatName } from "../name/format-name.ts";
import type { Name } from "../name/name.ts";
import { findPartProblem } from "../name/name-parts.ts";
import { nameFromSegments, REF_DEPTH } from "../name/name-path.ts";
import { ifThere, isAbsence } from "./absent.ts";
import { askInBursts } from "./ask-in-bursts.ts";

/** A file found where manifests live. */
export type WalkedFile =
  /** Its path carries a name. */
  | { readonly kind: "name"; readonly name: Name; readonly path: string }
  /** It lies where a manifest would, but its path carries no name: another tool's, or a person's. */
  | { readonly kind: "stray"; readonly path: string }
  /** A link where a directory would be: whatever lies behind it is not looked at. */
  | { readonly kind: "blocked"; readonly path: string };

/**
 * Everything below `manifests/` that is or may be a manifest, ascending by full name, the others
 * after the names. Files being written (`.tmp-…`, inferd's `<name>.json.tmp`), other dot files and
 * files at any other depth are passed over.
 */
export async function walkManifests(
  fs: FsPort,
  root: string,
  options: AbortOptions = {},
): Promise<readonly WalkedFile[]> {
  const found: WalkedFile[] = [];
  let level: readonly (readonly string[])[] = [[]];
  while (level.length > 0) {
    const deeper: (readonly string[])[] = [];
    const contents = await listAll(fs, root, level, options);
    for (const [at, segments] of level.entries()) {
      const describe = createDescriber(root, segments);
      for (const entry of inOrder(contents[at] ?? [], segments.length)) {
        if (entry.name.startsWith(".")) continue;
        switch (classify(segments.length + 1, entry)) {
          case "descend":
            deeper.push([...segments, entry.name]);
            break;
          case "file":
            found.push(describe(entry.name));
            break;
          case "blocked":
            found.push({ kind: "blocked", path: join(root, ...segments, entry.name) });
            break;
          default:
        }
      }
    }
    level = deeper;
  }
  return sorted(found);
}

/** What each of the directories of one level holds; nothing where it is gone by now. */
async function listAll(
  fs: FsPort,
  root: string,
  directories: readonly (readonly string[])[],
  options: AbortOptions,
): Promise<readonly (readonly FsEntry[])[]> {
  const contents: (readonly FsEntry[])[] = [];
  const paths = directories.map((segments) => join(root, ...segments));
  const answers = askInBursts(
    paths,
    {
      blocking: fs.blocking && ((path) => listNow(fs.blocking, path)),
      waiting: async (path) => (await ifThere(fs.entries(path))) ?? [],
    },
    options,
  );
  for await (const some of answers) for (const entries of some) contents.push(entries);
  return contents;
}

function listNow(blocking: FsPort["blocking"], path: string): readonly FsEntry[] | undefined {
  try {
    return blocking?.entries(path);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

function classify(
  depth: number,
  { name, kind }: FsEntry,
): "descend" | "file" | "blocked" | "ignore" {
  const manifestHere = depth === REF_DEPTH || (depth === 1 && name.endsWith(".json"));
  if (kind === "directory") return depth < REF_DEPTH ? "descend" : "ignore";
  if (manifestHere) return "file";
  return kind === "symlink" ? "blocked" : "ignore";
}

/** Describes the files of one directory, whose own part of their names is looked at once. */
function createDescriber(root: string, place: readonly string[]): (file: string) => WalkedFile {
  const directory = join(root, ...place);
  const model = nameFromSegments([...place, "latest"]);
  return (file) => {
    const path = `${directory}${sep}${file}`;
    const name =
      model?.kind === "ref" && findPartProblem("tag", file) === undefined
        ? { ...model, tag: file }
        : nameFromSegments([...place, file]);
    return name === undefined ? { kind: "stray", path } : { kind: "name", name, path };
  };
}

/**
 * What separates this part of a name from the next one orders the names too: with `/` counted,
 * `team-2/…` is before `team/…`. Files in that order leave little to sort in the end.
 */
function inOrder(entries: readonly FsEntry[], above: number): readonly FsEntry[] {
  const end = above === REF_DEPTH - 1 ? "" : above === REF_DEPTH - 2 ? ":" : "/";
  return entries
    .map((entry) => ({ entry, key: entry.name + end }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ entry }) => entry);
}

/** By path where two files carry one name: a host may be spelled with `:` and with `%3A`. */
function sorted(files: readonly WalkedFile[]): readonly WalkedFile[] {
  const keyed = files.map((file) => ({
    file,
    named: file.kind === "name",
    text: file.kind === "name" ? formatName(file.name) : file.path,
  }));
  return keyed
    .toSorted((a, b) => {
      if (a.named !== b.named) return a.named ? -1 : 1;
      if (a.text !== b.text) return a.text < b.text ? -1 : 1;
      return a.file.path < b.file.path ? -1 : 1;
    })
    .map(({ file }) => file);
}
