import { spawnSync } from "node:child_process";

function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

const isRoot = process.getuid?.() === 0;

/** Why nothing can be run as another user here, or `undefined` if it can. */
export const noOtherUser: string | undefined = !isRoot
  ? "not root"
  : works("setpriv", "--reuid", "1000", "--clear-groups", "true")
    ? undefined
    : "setpriv cannot change the user";

/** Runs a program as a user without any rights. */
export const asOtherUser: readonly string[] = ["setpriv", "--reuid", "1000", "--clear-groups"];

/** Why no small file system can be mounted here, or `undefined` if one can. */
export const noMount: string | undefined = !isRoot
  ? "not root"
  : works("unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt")
    ? undefined
    : "mounting is not allowed";
