import { isErrno } from "../errors/errno.ts";
import { type ErrorCode } from "../errors/error-code.ts";
import { StoreError } from "../errors/store-error.ts";
import type { FsPort } from "./fs-port.ts";

export interface ReadDocumentOptions {
  /** Largest size accepted, in bytes; the caller's constant says why. */
  readonly bytesMax: number;
  /** Code of the error for a file over the limit. */
  readonly tooLargeCode?: ErrorCode;
}

/**
 * The whole of a small regular file, or `undefined` if nothing has that path.
 *
 * Links are not followed and fifos never block: what is not a regular file is `corrupt`.
 *
 * @throws StoreError `ERR_STORE_NOT_A_FILE`, or `tooLargeCode` for a file over the limit
 */
export async function readDocument(
  fs: FsPort,
  path: string,
  options: ReadDocumentOptions,
): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await fs.open(path, "read");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    if (isErrno(error, "ELOOP", "EISDIR", "ENXIO")) throw notAFile(path, error);
    throw error;
  }
  try {
    const stat = await file.stat();
    if (stat.kind !== "file") throw notAFile(path);
    if (stat.size > options.bytesMax) {
      throw new StoreError(
        `${path} has ${stat.size} bytes, more than the ${options.bytesMax} a file of its kind may have`,
        {
          kind: "corrupt",
          code: options.tooLargeCode ?? "ERR_STORE_FILE_TOO_LARGE",
          detail: { path, size: stat.size, limit: options.bytesMax },
        },
      );
    }
    const bytes = new Uint8Array(stat.size);
    const count = await file.read(bytes, 0);
    return bytes.subarray(0, count);
  } finally {
    await file.close();
  }
}

function notAFile(path: string, cause?: unknown): StoreError {
  return new StoreError(`not a regular file: ${path}`, {
    kind: "corrupt",
    code: "ERR_STORE_NOT_A_FILE",
    hint: "Look at what it is, then move it away.",
    detail: { path },
    cause,
  });
}
