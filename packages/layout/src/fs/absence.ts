import { isErrno } from "../errors/errno.ts";
import type { FsPort, FsStat } from "./fs-port.ts";

/** The names in a directory; none where nothing has that path, or something that is no directory. */
export async function namesIn(fs: FsPort, path: string): Promise<readonly string[]> {
  try {
    return await fs.readdir(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** The answer of a question about a path, or `undefined` where nothing has that path. */
export async function ifPresent<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** What has a path, or `undefined`: where that is usual, an error each time would cost more than the look. */
export function lstatIfPresent(fs: FsPort, path: string): Promise<FsStat | undefined> {
  return fs.together === undefined
    ? ifPresent(fs.lstat(path))
    : fs.together((now) => now.lstat(path));
}
