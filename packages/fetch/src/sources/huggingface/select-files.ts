import { StoreError } from "@store/layout";

import { modelNotFound } from "../../http/http-errors.ts";
import type { HubLocation } from "./hub-location.ts";
import type { HubFile } from "./model-info.ts";
import {
  chooseProjector,
  findStems,
  type GgufFile,
  listStems,
  parseGgufPath,
} from "./quantisation.ts";

export interface Selection {
  /** Ascending by path. */
  readonly files: readonly HubFile[];
  /** Tags to choose from, where the repository holds one model several times over. */
  readonly choices: readonly string[];
}

/**
 * The files a location means: one file, a folder, the parts and projector of a quantisation, or
 * all of them.
 *
 * @throws StoreError `ERR_STORE_MODEL_NOT_FOUND`, `ERR_STORE_LOCATION_AMBIGUOUS`
 */
export function selectFiles(listed: readonly HubFile[], location: HubLocation): Selection {
  const files = listed.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const { file, folder, tag } = location;
  if (file !== undefined) return { files: [findFile(files, file, location)], choices: [] };
  if (tag !== undefined) return { files: findTagged(files, tag, location), choices: [] };
  if (folder !== undefined) {
    const below = files.filter(({ path }) => path.startsWith(`${folder}/`));
    if (below.length === 0) throw notThere(`${location.repo}/${folder}`, files);
    return { files: below, choices: [] };
  }
  return { files, choices: listChoices(files) };
}

function findFile(files: readonly HubFile[], wanted: string, { repo }: HubLocation): HubFile {
  const found = files.find(({ path }) => path === wanted);
  if (found === undefined) throw notThere(`${repo}/${wanted}`, files);
  return found;
}

function ggufFiles(files: readonly HubFile[]): readonly GgufFile[] {
  return files.flatMap(({ path }) => parseGgufPath(path) ?? []);
}

function findTagged(
  files: readonly HubFile[],
  tag: string,
  location: HubLocation,
): readonly HubFile[] {
  const all = ggufFiles(files);
  const [stem, ...others] = findStems(all, tag);
  if (stem === undefined) {
    throw modelNotFound(`${location.repo}:${tag}`, "file", {
      message: `${location.repo} has no GGUF file for ${tag}`,
      hint: choicesHint(location.repo, listChoices(files)),
    });
  }
  if (others.length > 0) throw ambiguous(location.repo, tag, [stem, ...others]);
  const parts = all.filter((file) => file.stem === stem && file.role === "weights");
  checkParts(parts, location.repo);
  const chosen = new Set(parts.map(({ path }) => path));
  const projector = chooseProjector(all, stem);
  if (projector !== undefined) chosen.add(projector.path);
  return files.filter(({ path }) => chosen.has(path));
}

/** A split model is of use only whole. */
function checkParts(parts: readonly GgufFile[], repo: string): void {
  const count = parts[0]?.part?.count;
  if (count === undefined || parts.length === count) return;
  throw modelNotFound(repo, "file", {
    message: `${repo} has ${parts.length} of the ${count} parts of ${parts[0]?.stem ?? ""}`,
    hint: "Its upload may not be complete yet.",
  });
}

/** Several quantisations side by side are alternatives; nobody wants all of them by accident. */
function listChoices(files: readonly HubFile[]): readonly string[] {
  const all = ggufFiles(files);
  const stems = listStems(all);
  if (stems.length < 2) return [];
  return stems.map((stem) => {
    const { quantisation } = all.find((file) => file.stem === stem) ?? {};
    const isUnique = quantisation !== undefined && findStems(all, quantisation).length === 1;
    return isUnique ? quantisation : stem.slice(stem.lastIndexOf("/") + 1);
  });
}

function choicesHint(repo: string, choices: readonly string[]): string | undefined {
  if (choices.length === 0) return undefined;
  const shown = choices.slice(0, 20).map((choice) => `hf.co/${repo}:${choice}`);
  return `There is ${shown.join(", ")}${choices.length > shown.length ? ", …" : ""}.`;
}

function ambiguous(repo: string, tag: string, stems: readonly string[]): StoreError {
  return new StoreError(
    `${tag} may be any of ${stems.length} files of ${repo}: ${stems.join(", ")}`,
    {
      kind: "invalid",
      code: "ERR_STORE_LOCATION_AMBIGUOUS",
      hint: `Name the file: hf.co/${repo}/${stems[0] ?? ""}.gguf`,
      detail: { location: `hf.co/${repo}:${tag}`, choices: stems },
    },
  );
}

function notThere(what: string, files: readonly HubFile[]): StoreError {
  const shown = files.slice(0, 10).map(({ path }) => path);
  return modelNotFound(what, "file", {
    hint:
      files.length === 0
        ? undefined
        : `There is ${shown.join(", ")}${files.length > shown.length ? ", …" : ""}.`,
  });
}
