import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { errnoOf, explaining, ifPresent, type Layout } from "@store/layout";

import type { ForeignLock } from "../ports.ts";
import { mountDeviceOf, parseFileLocks, splitDevice } from "./parse-locks.ts";

export interface FindForeignLockOptions {
  /** Reads a file of the kernel's; the machine's own by default. */
  readonly readText?: ((path: string) => Promise<string>) | undefined;
}

/**
 * A lock that a tool of the convention holds on a file directly below `locks/`, if there is one:
 * such a tool may be about to take up a blob that has no name yet. Linux only, from `/proc/locks`;
 * anywhere else, and where that cannot be read, nothing is ever found. Nor are the locks of other
 * process namespaces (containers) and of other machines.
 *
 * It takes nothing and opens none of the files: a lock must not be disturbed by being looked for.
 */
export async function findForeignLock(
  { fs, paths }: Pick<Layout, "fs" | "paths">,
  options: FindForeignLockOptions = {},
): Promise<ForeignLock | undefined> {
  const readText = options.readText ?? ((path: string) => readFile(path, "utf8"));
  const text = await unlessRefused(readText("/proc/locks"));
  const held = parseFileLocks(text ?? "");
  if (held.length === 0) return undefined;
  const entries = await explaining("look for other tools' locks", () =>
    ifPresent(fs.entries(paths.foreignLocks)),
  );
  for (const { name, kind } of entries ?? []) {
    if (kind !== "file") continue;
    const path = join(paths.foreignLocks, name);
    const stat = await ifPresent(fs.lstat(path));
    const candidates = held.filter(({ inode }) => inode === stat?.inode);
    if (stat === undefined || candidates.length === 0) continue;
    // Some file systems tell programs another device than they tell the kernel's own lists.
    const devices = [splitDevice(stat.device)];
    const mounts = await unlessRefused(readText("/proc/self/mountinfo"));
    const real = await ifPresent(fs.realpath(dirname(path)));
    if (mounts !== undefined && real !== undefined) devices.push(mountDeviceOf(mounts, real));
    const lock = candidates.find(({ device }) => devices.includes(device));
    if (lock !== undefined) return { path, pid: lock.pid };
  }
  return undefined;
}

/** `undefined` where the system does not tell. */
async function unlessRefused(question: Promise<string>): Promise<string | undefined> {
  try {
    return await question;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
