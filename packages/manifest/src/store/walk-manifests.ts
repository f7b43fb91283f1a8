import { sep } from "node:path";

import { type AbortOptions, asStoreError, type FsEntry, type FsPort } from "@store/layout";

import { formatName } from "../name/format-name.ts";
import { findPartProblem } from "../name/name-parts.ts";
import { askInBursts, type Question } from "./ask-in-bursts.ts";
import { createDirectoryLister, type DirectoryLister } from "./directory-lister.ts";
import { findModels } from "./find-models.ts";
import { groupNames, type ModelDirectory, type NameGroup } from "./group-names.ts";
import { isManifestsThere } from "./inside-manifests.ts";
import type { WalkedFile } from "./walked-file.ts";

/**
 * Everything below `manifests/` that is or may be a manifest, ascending by full name, the others
 * after the names; some at a time, while directories are read. Files being written (`.tmp-…`,
 * inferd's `<name>.json.tmp`), other dot files and files at any other depth are passed over.
 */
export async function* walkManifests(
  fs: FsPort,
  root: string,
  options: AbortOptions = {},
): AsyncGenerator<readonly WalkedFile[]> {
  options.signal?.throwIfAborted();
  try {
    if (await isManifestsThere(fs, root)) yield* walk(createDirectoryLister(fs), root, options);
  } catch (error) {
    throw asStoreError(error, "list names");
  }
}

async function* walk(
  lister: DirectoryLister,
  root: string,
  options: AbortOptions,
): AsyncGenerator<readonly WalkedFile[]> {
  const found = await findModels(lister, root, options);
  const others = found.files.filter(({ kind }) => kind !== "name");
  for await (const answers of askInBursts(groupNames(found), filesOfGroup(lister), options)) {
    const names: WalkedFile[] = [];
    for (const files of answers)
      for (const file of files) (file.kind === "name" ? names : others).push(file);
    yield names;
  }
  yield others.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function filesOfGroup({
  blocking,
  waiting,
}: DirectoryLister): Question<NameGroup, readonly WalkedFile[]> {
  return {
    blocking:
      blocking &&
      ((group) => {
        const contents = group.directories.map(({ path }) => blocking(path));
        return filesOf(group, contents);
      }),
    waiting: async (group) => {
      const contents = await Promise.all(group.directories.map(({ path }) => waiting(path)));
      return filesOf(group, contents);
    },
  };
}

/** @param contents of each of the group's directories */
function filesOf(
  { flat, directories }: NameGroup,
  contents: readonly (readonly FsEntry[])[],
): readonly WalkedFile[] {
  if (flat !== undefined) return [flat];
  const files = directories.flatMap((directory, at) => filesIn(directory, contents[at] ?? []));
  return directories.length === 1 ? files : files.toSorted(byTextThenPath);
}

/** In order. */
function filesIn(
  { path: directory, ref }: ModelDirectory,
  entries: readonly FsEntry[],
): readonly WalkedFile[] {
  return entries
    .filter(({ name, kind }) => kind !== "directory" && !name.startsWith("."))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name: tag }) => {
      const path = `${directory}${sep}${tag}`;
      if (ref === undefined || findPartProblem("tag", tag) !== undefined)
        return { kind: "stray", path };
      const { host, namespace, model } = ref;
      return { kind: "name", name: { kind: "ref", host, namespace, model, tag }, path };
    });
}

function byTextThenPath(a: WalkedFile, b: WalkedFile): number {
  const [textOfA, textOfB] = [textOf(a), textOf(b)];
  if (textOfA !== textOfB) return textOfA < textOfB ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

function textOf(file: WalkedFile): string {
  return file.kind === "name" ? formatName(file.name) : file.path;
}
