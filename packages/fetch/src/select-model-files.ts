import { type Digest, StoreError } from "@store/layout";
import { checkFilePaths } from "@store/manifest";

import { matcher } from "./files/glob.ts";
import { modelNotFound } from "./http/http-errors.ts";
import type { ResolvedModel, SourceFile } from "./source.ts";

export interface FileSelection {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly digest?: Digest | undefined;
}

/**
 * The files of a model that are wanted, with the digest the caller vouches for.
 *
 * @throws StoreError `ERR_STORE_MODEL_NOT_FOUND`, `ERR_STORE_LOCATION_AMBIGUOUS`, `ERR_STORE_SELECTION_EMPTY`,
 * `ERR_STORE_FILE_PATH_INVALID`, `ERR_STORE_DIGEST_UNUSABLE`, `ERR_STORE_PATTERN_INVALID`
 */
export function selectModelFiles(
  model: ResolvedModel,
  wanted: FileSelection,
): readonly SourceFile[] {
  const { include, exclude = [], digest } = wanted;
  if (model.files.length === 0) {
    throw modelNotFound(model.location, "file", { message: `${model.location} has no files` });
  }
  const choices = model.choices ?? [];
  if (include === undefined && choices.length > 0) throw ambiguous(model, choices);
  const isIncluded = include === undefined ? () => true : matcher(include);
  const isExcluded = matcher(exclude);
  const files = model.files.filter(({ path }) => isIncluded(path) && !isExcluded(path));
  if (files.length === 0) throw nothingLeft(model);
  checkFilePaths(files.map(({ path }) => path));
  if (digest === undefined) return files;
  const [only] = files;
  if (only === undefined || files.length > 1) throw notOneFile(model, files.length);
  return [withDigest(only, digest)];
}

function withDigest(file: SourceFile, digest: Digest): SourceFile {
  if (file.digest === undefined || file.digest === digest) return { ...file, digest };
  throw new StoreError(`the source has ${file.path} with ${file.digest}, asked for ${digest}`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    hint: "Check the digest, or choose the revision it belongs to.",
    detail: { expected: digest, actual: file.digest },
  });
}

function ambiguous({ location }: ResolvedModel, choices: readonly string[]): StoreError {
  const shown = choices.slice(0, 12).join(", ");
  return new StoreError(`${location} holds the same model ${choices.length} times: ${shown}`, {
    kind: "invalid",
    code: "ERR_STORE_LOCATION_AMBIGUOUS",
    hint: `Choose one, as in ${location}:${choices[0] ?? ""}, or take everything with --include '*'.`,
    detail: { location, choices },
  });
}

function nothingLeft({ location, files }: ResolvedModel): StoreError {
  return new StoreError(`the patterns leave none of the ${files.length} files of ${location}`, {
    kind: "invalid",
    code: "ERR_STORE_SELECTION_EMPTY",
    hint: "Check --include and --exclude.",
    detail: { location, count: files.length },
  });
}

function notOneFile({ location }: ResolvedModel, count: number): StoreError {
  return new StoreError(`a digest was given, but ${location} has ${count} files`, {
    kind: "invalid",
    code: "ERR_STORE_DIGEST_UNUSABLE",
    hint: "Choose one file, or leave the digest out.",
    detail: { location, count },
  });
}
