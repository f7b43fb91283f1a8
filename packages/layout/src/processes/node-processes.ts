import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

import { isErrno } from "../errors/errno.ts";
import type { ProcessIdentity, ProcessTable } from "./process-identity.ts";

/** The fact, or `undefined` where the system does not tell it. */
async function fact(question: Promise<string>): Promise<string | undefined> {
  try {
    return (await question).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The start time of a process in clock ticks since boot: field 22 of `/proc/<pid>/stat`. The second
 * field is the program's name in parentheses and may hold anything, so fields count from its end.
 */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

async function describeSelf(): Promise<ProcessIdentity> {
  const [machine, boot, pidNamespace, startTime] = await Promise.all([
    fact(readFile("/etc/machine-id", "utf8")),
    fact(readFile("/proc/sys/kernel/random/boot_id", "utf8")),
    fact(readlink("/proc/self/ns/pid")),
    fact(startTimeOf(process.pid).then((time) => time ?? "")),
  ]);
  return { pid: process.pid, host: hostname(), machine, boot, pidNamespace, startTime };
}

async function isGone(identity: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM means it exists and is somebody else's.
    return isErrno(error, "ESRCH");
  }
  if (identity.startTime === undefined) return false;
  try {
    const startTime = await startTimeOf(identity.pid);
    return startTime !== undefined && startTime !== identity.startTime;
  } catch (error) {
    return isErrno(error, "ENOENT", "ESRCH");
  }
}

/** The machine's own processes. */
export function createNodeProcesses(): ProcessTable {
  let self: Promise<ProcessIdentity> | undefined;
  const describe = (): Promise<ProcessIdentity> => (self ??= describeSelf());
  return {
    self: describe,
    async isDead(other) {
      const here = await describe();
      if (other.boot !== undefined && here.boot !== undefined && other.boot !== here.boot) {
        // Another boot of this very installation ended all its processes; another machine that
        // shares the disk may well be running.
        return (
          here.machine !== undefined && other.machine === here.machine && other.host === here.host
        );
      }
      if (other.host !== here.host || other.machine !== here.machine) return false;
      if (other.boot !== here.boot || other.pidNamespace !== here.pidNamespace) return false;
      return isGone(other);
    },
  };
}
