import type { Digest } from "@store/layout";

import type { Document, ModelFile } from "./document.ts";
import { filesOf } from "./files-of.ts";
import { describedBlobs } from "./referenced-digests.ts";

/** What one manifest has that another has not. All lists ascend by path. */
export interface ManifestDiff {
  readonly added: readonly ModelFile[];
  readonly removed: readonly ModelFile[];
  /** Same path, other bytes. */
  readonly changed: readonly { readonly before: ModelFile; readonly after: ModelFile }[];
  readonly kept: readonly ModelFile[];
  /** Over everything the documents name, config included, each digest once. */
  readonly bytes: { readonly added: number; readonly removed: number; readonly kept: number };
}

/** Compares two manifests by files and by bytes: what an update would fetch, keep and let go. */
export function diffDocuments(before: Document, after: Document): ManifestDiff {
  const was = new Map(filesOf(before).map((file) => [file.path, file]));
  const is = new Map(filesOf(after).map((file) => [file.path, file]));
  const both = [...is.values()].flatMap((file) => {
    const old = was.get(file.path);
    return old === undefined ? [] : [{ before: old, after: file }];
  });
  return {
    added: sortByPath([...is.values()].filter(({ path }) => !was.has(path))),
    removed: sortByPath([...was.values()].filter(({ path }) => !is.has(path))),
    changed: both
      .filter((pair) => pair.before.digest !== pair.after.digest)
      .toSorted((a, b) => comparePaths(a.after, b.after)),
    kept: sortByPath(
      both.filter((pair) => pair.before.digest === pair.after.digest).map((pair) => pair.after),
    ),
    bytes: diffBytes(sizesOf(before), sizesOf(after)),
  };
}

function sizesOf(document: Document): ReadonlyMap<Digest, number> {
  return new Map(describedBlobs(document).map(({ digest, size }) => [digest, size]));
}

function diffBytes(
  was: ReadonlyMap<Digest, number>,
  is: ReadonlyMap<Digest, number>,
): ManifestDiff["bytes"] {
  const bytes = { added: 0, removed: 0, kept: 0 };
  for (const [digest, size] of is) bytes[was.has(digest) ? "kept" : "added"] += size;
  for (const [digest, size] of was) if (!is.has(digest)) bytes.removed += size;
  return bytes;
}

function comparePaths(a: ModelFile, b: ModelFile): number {
  return a.path < b.path ? -1 : 1;
}

function sortByPath(files: readonly ModelFile[]): readonly ModelFile[] {
  return files.toSorted(comparePaths);
}
