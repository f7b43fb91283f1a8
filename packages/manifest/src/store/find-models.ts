import { sep } from "node:path";

import type { AbortOptions, FsEntry } from "@store/layout";

import { nameFromSegments, REF_DEPTH } from "../name/name-path.ts";
import { askInBursts } from "./ask-in-bursts.ts";
import type { DirectoryLister } from "./directory-lister.ts";
import type { WalkedFile } from "./walked-file.ts";

/** A path below `manifests/`, and its parts. */
export interface Place {
  readonly path: string;
  readonly segments: readonly string[];
}

/** What there is above the level of tags, in no particular order. */
export interface FoundModels {
  readonly files: readonly WalkedFile[];
  /** The directories of tags. */
  readonly models: readonly Place[];
}

export async function findModels(
  { blocking, waiting }: DirectoryLister,
  root: string,
  options: AbortOptions,
): Promise<FoundModels> {
  const files: WalkedFile[] = [];
  let level: readonly Place[] = [{ path: root, segments: [] }];
  const question = {
    blocking: blocking && ((place: Place) => placesIn(place, blocking(place.path))),
    waiting: async (place: Place) => placesIn(place, await waiting(place.path)),
  };
  for (let depth = 1; depth < REF_DEPTH; depth += 1) {
    const deeper: Place[] = [];
    for await (const answers of askInBursts(level, question, options)) {
      for (const { place, kind } of answers.flat()) {
        const file = toFile(place, kind);
        if (kind === "directory") deeper.push(place);
        else if (file !== undefined) files.push(file);
      }
    }
    level = deeper;
  }
  return { files, models: level };
}

/** Something that lies in a directory. */
interface PlaceInside {
  readonly place: Place;
  readonly kind: FsEntry["kind"];
}

function placesIn({ path, segments }: Place, entries: readonly FsEntry[]): readonly PlaceInside[] {
  return entries
    .filter(({ name }) => !name.startsWith("."))
    .map(({ name, kind }) => ({
      place: { path: `${path}${sep}${name}`, segments: [...segments, name] },
      kind,
    }));
}

/** The file that something other than a directory is, if it counts at all. */
function toFile({ path, segments }: Place, kind: FsEntry["kind"]): WalkedFile | undefined {
  if (segments.length === 1 && path.endsWith(".json")) {
    const name = nameFromSegments(segments);
    return name === undefined ? { kind: "stray", path } : { kind: "name", name, path };
  }
  return kind === "symlink" ? { kind: "blocked", path } : undefined;
}
