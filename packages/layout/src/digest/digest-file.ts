import type { AbortOptions } from "../abort-options.ts";
import { sourceNotFound } from "../blobs/blob-errors.ts";
import { isErrno } from "../errors/errno.ts";
import { explaining } from "../errors/system-error.ts";
import { identifyFile } from "../hashing/hash-file.ts";
import type { FsFile, FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { Digest } from "./digest.ts";

/**
 * The identity of a regular file's bytes. Links at the last component are not followed.
 *
 * @throws StoreError `ERR_STORE_SOURCE_NOT_FOUND`
 */
export function digestFile(
  path: string,
  options: AbortOptions & { readonly fs?: FsPort | undefined } = {},
): Promise<Digest> {
  return explaining(`read ${path}`, async () => {
    const file = await openToRead(options.fs ?? nodeFs, path);
    try {
      return await identifyFile(file, options);
    } finally {
      await file.close();
    }
  });
}

async function openToRead(fs: FsPort, path: string): Promise<FsFile> {
  try {
    return await fs.open(path, "read");
  } catch (error) {
    throw isErrno(error, "ENOENT") ? sourceNotFound(path) : error;
  }
}
