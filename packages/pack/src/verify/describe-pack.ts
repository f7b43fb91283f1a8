import { join } from "node:path";

import {
  type AbortOptions,
  asStoreError,
  explaining,
  type Finding,
  ifPresent,
  isStoreError,
} from "@store/layout";

import { openPack } from "../chkl/open-pack.ts";
import type { PackEntry } from "../chkl/pack-entry.ts";
import { findingOf } from "../chkl/pack-error.ts";
import { packDirectoryOf, type PackHome } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { PackReader } from "../chkl/pack-reader.ts";

/** What there is to know of a pack without decoding it. */
export interface PackDescription {
  readonly id: PackId;
  /** Its files, ascending by name, with their sizes in bytes. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /** Why it, or its sidecar, cannot be used. */
  readonly problems: readonly Finding[];
  /** Missing where the pack cannot be opened. */
  readonly contents?: {
    readonly count: number;
    readonly identifiedCount: number;
    /** Bytes of all frames. */
    readonly encodedBytes: number;
    /** Bytes of the contents whose size is known. */
    readonly contentBytes: number;
    /** In the order of the file. */
    readonly entries: readonly DescribedEntry[];
  };
}

export interface DescribedEntry extends PackEntry {
  readonly digest?: string;
  /** Bytes of the content. */
  readonly size?: number;
}

/** Describes one pack, whatever state it is in, for a debug dump. */
export async function describePack(
  home: PackHome,
  id: PackId,
  options: AbortOptions = {},
): Promise<PackDescription> {
  const files = await explaining(`describe pack ${id}`, () => filesOf(home, id));
  try {
    await using pack = await openPack(home, id, options);
    const problems = pack.identityError === undefined ? [] : [findingOf(pack.identityError, id)];
    return { id, files, problems, contents: contentsOf(pack) };
  } catch (thrown) {
    const error = asStoreError(thrown, `open pack ${id}`);
    if (!isStoreError(error)) throw error;
    return { id, files, problems: [findingOf(error, id)] };
  }
}

async function filesOf(home: PackHome, id: PackId): Promise<PackDescription["files"]> {
  const { fs, dir } = packDirectoryOf(home);
  const names = (await ifPresent(fs.readdir(dir))) ?? [];
  const files: { name: string; size: number }[] = [];
  for (const name of names.filter((each) => each.startsWith(`pack-${id}.`)).toSorted()) {
    const stat = await ifPresent(fs.lstat(join(dir, name)));
    if (stat !== undefined) files.push({ name, size: stat.size });
  }
  return files;
}

function contentsOf(pack: PackReader): NonNullable<PackDescription["contents"]> {
  const entries = new Map<number, DescribedEntry>();
  for (const entry of pack.entries()) entries.set(entry.offset, entry);
  for (const object of pack.objects()) entries.set(object.offset, object);
  const all = [...entries.values()].toSorted((a, b) => a.offset - b.offset);
  return {
    count: pack.count,
    identifiedCount: pack.identifiedCount,
    encodedBytes: all.reduce((sum, { encodedSize }) => sum + encodedSize, 0),
    contentBytes: all.reduce((sum, { size = 0 }) => sum + size, 0),
    entries: all,
  };
}
