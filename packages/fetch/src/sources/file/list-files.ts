import { join } from "node:path";

import { type AbortOptions, type FsPort, StoreError } from "@store/layout";

/** Deepest folder looked into; models are one or two levels deep. */
const DEPTH_MAX = 16;

/** Most files in one model, as for the hub. */
const FILE_COUNT_MAX = 100_000;

/**
 * Paths of the regular files below a directory, ascending, `/` between segments. Names that begin
 * with a dot are left out.
 *
 * @throws StoreError `ERR_STORE_NOT_A_FILE` for a link, fifo, socket or device among them
 */
export async function listFiles(
  fs: FsPort,
  directory: string,
  options: AbortOptions = {},
): Promise<readonly string[]> {
  const found: string[] = [];
  async function walk(prefix: string, depth: number): Promise<void> {
    if (depth > DEPTH_MAX) throw tooMuch(directory, `more than ${DEPTH_MAX} levels of folders`);
    for (const { name, kind } of await fs.entries(join(directory, prefix))) {
      options.signal?.throwIfAborted();
      if (name.startsWith(".")) continue;
      const path = `${prefix}${name}`;
      if (kind === "directory") {
        await walk(`${path}/`, depth + 1);
        continue;
      }
      if (kind !== "file") throw notRegular(join(directory, path), kind);
      if (found.length === FILE_COUNT_MAX)
        throw tooMuch(directory, `more than ${FILE_COUNT_MAX} files`);
      found.push(path);
    }
  }
  await walk("", 1);
  return found.sort();
}

function notRegular(path: string, kind: string): StoreError {
  return new StoreError(`not a regular file: ${path}`, {
    kind: "invalid",
    code: "ERR_STORE_NOT_A_FILE",
    hint:
      kind === "symlink"
        ? "Links inside a directory are not followed; copy the file in its place, or leave it out."
        : "Move it away.",
    detail: { path, kind },
  });
}

function tooMuch(path: string, what: string): StoreError {
  return new StoreError(`${path} has ${what}`, {
    kind: "invalid",
    code: "ERR_STORE_TOO_MANY_ENTRIES",
    hint: "Choose the model's own directory.",
    detail: { path },
  });
}
