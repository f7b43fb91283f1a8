import { StoreError } from "@store/layout";

import { quoteText } from "../name/name-error.ts";
import { isDeviceName } from "../name/windows-names.ts";

/** No file system takes a longer name; in UTF-8, since that is what they count. */
const SEGMENT_BYTES_MAX = 255;
/** Leaves room for the directory a model is put in: systems stop at 4096 bytes, Windows tools at less. */
const PATH_BYTES_MAX = 1024;

/**
 * Refuses paths of a model's files that could not be created, side by side, below some directory on
 * every platform: absolute ones and those with `..`, a backslash, a colon, a control character, a
 * device name, a dot or space at an end; two that differ in nothing but case or Unicode form; a
 * file where another one needs a directory.
 *
 * @throws StoreError `ERR_STORE_FILE_PATH_INVALID`
 */
export function checkFilePaths(paths: Iterable<string>): void {
  const files = new Map<string, string>();
  const directories = new Map<string, string>();
  for (const path of paths) {
    const problem = findPathProblem(path);
    if (problem !== undefined) throw pathInvalid(path, problem);
    const folded = foldPath(path);
    const twin = files.get(folded) ?? directories.get(folded);
    if (twin !== undefined) throw pathInvalid(path, `in the way of ${quoteText(twin)}`);
    files.set(folded, path);
    for (let end = folded.indexOf("/"); end >= 0; end = folded.indexOf("/", end + 1)) {
      const directory = folded.slice(0, end);
      const file = files.get(directory);
      if (file !== undefined) throw pathInvalid(path, `in the way of ${quoteText(file)}`);
      directories.set(directory, path);
    }
  }
}

/** Whether one path is fit by itself. */
export function isFilePath(path: string): boolean {
  return findPathProblem(path) === undefined;
}

function findPathProblem(path: string): string | undefined {
  if (path === "") return "empty";
  if (/\p{Surrogate}/u.test(path)) return "half a surrogate pair";
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return `longer than ${PATH_BYTES_MAX} bytes`;
  if (path.startsWith("/")) return "absolute";
  if (/\p{Cc}/u.test(path)) return "a control character";
  const character = /["*:<>?\\|]/.exec(path)?.[0];
  if (character !== undefined) return `\`${character}\` is no part of a file name everywhere`;
  for (const segment of path.split("/")) {
    const problem = findSegmentProblem(segment);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findSegmentProblem(segment: string): string | undefined {
  if (segment === "") return "an empty part";
  if (segment === "." || segment === "..") return `a part \`${segment}\``;
  if (/[. ]$/.test(segment)) return "a part that ends in a dot or a space";
  if (isDeviceName(segment)) return "a Windows device name";
  if (Buffer.byteLength(segment) > SEGMENT_BYTES_MAX) {
    return `a part longer than ${SEGMENT_BYTES_MAX} bytes`;
  }
  return undefined;
}

/**
 * One text for all paths that some file system takes for one. Upper-casing first joins `ß` with
 * `ss` and the like; NFKC joins composed and decomposed letters, and the full-width forms.
 */
function foldPath(path: string): string {
  return path.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

function pathInvalid(path: string, problem: string): StoreError {
  return new StoreError(`not a usable file path: ${quoteText(path)}: ${problem}`, {
    kind: "invalid",
    code: "ERR_STORE_FILE_PATH_INVALID",
    hint: "Leave the file out of the model, or rename it where it comes from.",
    detail: { path: path.slice(0, PATH_BYTES_MAX), problem },
  });
}
