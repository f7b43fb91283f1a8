import { type Digest, EMPTY_DIGEST } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { StoreError } from "../errors/store-error.ts";
import { lstatIfPresent } from "../fs/absence.ts";
import type { FsStat } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import { rescueFromTrash } from "../trash/rescue-from-trash.ts";
import { mustBeInside } from "./inside-store.ts";

export interface FoundBlob {
  readonly path: string;
  readonly stat: FsStat;
}

/** How often sweeps may move a blob between two looks at it. */
const ATTEMPTS_MAX = 100;

/**
 * The file of a blob, restored from a trash name if a sweep has moved it aside.
 *
 * @param wrong inodes of files not to restore, because the caller has seen that they are wrong
 * @throws StoreError `ERR_STORE_NOT_A_FILE` for a link, directory or device in its place;
 * `ERR_STORE_NOT_A_DIRECTORY` where a link or a file stands on the way to it;
 * `ERR_STORE_BLOB_SIZE_MISMATCH` for a zero-length file under any digest but the empty one's,
 * which is what a power cut leaves of a writer that does not sync
 */
export async function findBlob(
  layout: Layout,
  digest: Digest,
  wrong?: ReadonlySet<number>,
): Promise<FoundBlob | undefined> {
  const isInside = await mustBeInside(layout, digest);
  let path: string | undefined = layout.paths.blob(digest);
  for (let attempt = 0; path !== undefined && attempt < ATTEMPTS_MAX; attempt += 1) {
    const stat = await statData(layout, path);
    if (stat !== undefined) return check(digest, { path, stat });
    // Two looks agree: without a directory there is no trash in it either.
    if (!isInside) return undefined;
    // Also where a rescue was in vain: a sweep may have restored the blob and taken it aside anew.
    path = await rescueFromTrash(layout, digest, wrong);
  }
  return undefined;
}

async function statData(layout: Layout, path: string): Promise<FsStat | undefined> {
  try {
    return await lstatIfPresent(layout.fs, path);
  } catch (error) {
    if (isErrno(error, "ENOTDIR")) throw notAFile(path, "its directory is a file");
    throw error;
  }
}

function check(digest: Digest, found: FoundBlob): FoundBlob {
  const { path, stat } = found;
  if (stat.kind !== "file") throw notAFile(path, `it is a ${stat.kind}`);
  if (stat.size === 0 && digest !== EMPTY_DIGEST) {
    throw new StoreError(`blob ${digest} is empty on disk`, {
      kind: "corrupt",
      code: "ERR_STORE_BLOB_SIZE_MISMATCH",
      hint: "Pull the model again: the empty file goes to quarantine and the bytes are fetched.",
      detail: { digest, actual: 0, path },
    });
  }
  return found;
}

function notAFile(path: string, what: string): StoreError {
  return new StoreError(`not a blob: ${path} (${what})`, {
    kind: "corrupt",
    code: "ERR_STORE_NOT_A_FILE",
    hint: "Look at what it is, then move it away.",
    detail: { path },
  });
}
