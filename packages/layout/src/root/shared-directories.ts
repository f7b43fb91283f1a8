import { errnoOf } from "../errors/errno.ts";
import type { FsPort } from "../fs/fs-port.ts";

/** Write permission of the group and of all others. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes every new directory as open as the root of a store that several users write to. What a
 * user's umask would take from it is what another user needs to publish there; git's shared
 * repositories do the same.
 *
 * @param rootMode permission bits of the root; if nobody else may write there, `fs` stays as it is
 */
export function shareDirectories(fs: FsPort, rootMode: number): FsPort {
  if ((rootMode & WRITABLE_BY_OTHERS) === 0 || process.platform === "win32") return fs;
  const { prompt } = fs;
  return {
    ...fs,
    async mkdir(path) {
      await fs.mkdir(path);
      try {
        await fs.chmod(path, rootMode & 0o7777);
      } catch (error) {
        // Some file systems keep no permissions: then none are in anybody's way.
        if (errnoOf(error) === undefined) throw error;
      }
    },
    prompt: prompt === undefined ? undefined : shareDirectories(prompt, rootMode),
  };
}
