import { isErrno } from "../errors/errno.ts";
import { ifPresent } from "./absence.ts";
import type { FsFile, FsPort } from "./fs-port.ts";
import { writeAligned } from "./write-aligned.ts";
import { writeFully } from "./write-fully.ts";

/**
 * Opens a file once more, past the page cache.
 *
 * @param plain the same file opened as usual; the answer where the file system cannot, or where the
 * path is gone
 */
export async function openDirectOr(fs: FsPort, path: string, plain: FsFile): Promise<FsFile> {
  const opened = await ifPresent(fs.open(path, "update", { direct: true }));
  if (opened === undefined) return plain;
  if (opened.alignment > 1) return opened;
  await opened.close();
  return plain;
}

/**
 * Writes whole pages past the page cache, and everything else through it. No page may be written
 * both ways.
 *
 * @param openDirect the file opened with O_DIRECT, or `plain` where that is not to be had
 * @param plain the same file opened as usual
 */
export function createDirectWrite(
  openDirect: () => Promise<FsFile>,
  plain: FsFile,
): (bytes: Uint8Array, position: number) => Promise<void> {
  let refused = false;

  async function writeDirect(bytes: Uint8Array, position: number): Promise<boolean> {
    if (refused) return false;
    const direct = await openDirect();
    const isWhole = position % direct.alignment === 0 && bytes.length % direct.alignment === 0;
    if (direct === plain || !isWhole) return false;
    try {
      await writeAligned(direct, bytes, position);
      return true;
    } catch (error) {
      // Some file systems take the flag when a file is opened and refuse the writes, and a disk may
      // have sectors larger than a page. Nothing was written then.
      if (!isErrno(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP")) throw error;
      refused = true;
      return false;
    }
  }

  return async (bytes, position) => {
    if (!(await writeDirect(bytes, position))) await writeFully(plain, bytes, position);
  };
}
