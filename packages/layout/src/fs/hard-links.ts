import { isErrno } from "../errors/errno.ts";

/** Answers of `link` on file systems without hard links (FAT, some network and FUSE mounts). */
const REFUSALS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"];

/** Whether a failed `link` may mean that there are no hard links here. */
export function refusesHardLinks(error: unknown): boolean {
  return isErrno(error, ...REFUSALS);
}
