import { basename, resolve } from "node:path";

import { ifPresent, type Layout, StoreError } from "@store/layout";
import { createFileSource } from "@store/fetch";

/** A file of this machine that is about to be taken in. */
export interface LocalFile {
  /** Absolute, links resolved. */
  readonly path: string;
  /** As the user calls it, which a link may do otherwise than its target. */
  readonly filename: string;
  readonly size: number;
  /** A flat name made from the file's. */
  readonly suggestedName: string;
  /** As the ending tells it. */
  readonly format: string | undefined;
}

/**
 * Looks at a file without reading it.
 *
 * @throws StoreError `ERR_STORE_SOURCE_NOT_FOUND`, `ERR_STORE_SOURCE_NOT_A_FILE`
 */
export async function describeLocalFile({ fs }: Layout, file: string): Promise<LocalFile> {
  const path = await ifPresent(fs.realpath(resolve(file)));
  if (path === undefined) {
    throw new StoreError(`no such file: ${file}`, {
      kind: "not-found",
      code: "ERR_STORE_SOURCE_NOT_FOUND",
      hint: "`store pull` fetches models from elsewhere.",
      detail: { path: file },
    });
  }
  const { kind, size } = await fs.lstat(path);
  if (kind !== "file") {
    throw new StoreError(`not a file: ${file}`, {
      kind: "invalid",
      code: "ERR_STORE_SOURCE_NOT_A_FILE",
      hint: "`store pull ./DIRECTORY --as NAME` takes a directory as one model.",
      detail: { path: file },
    });
  }
  const model = await createFileSource({ fs }).resolve(path);
  if (model === undefined) throw new TypeError(`no path: ${path}`);
  const filename = basename(resolve(file));
  return { path, filename, size, suggestedName: model.suggestedName, format: model.format };
}
