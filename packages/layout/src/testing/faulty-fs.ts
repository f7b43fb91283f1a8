import type { FsFile, FsPort } from "../fs/fs-port.ts";

/** What happens at the call that the fault is set for. */
export type FsFault =
  /** It fails with a system error, and nothing was done. */
  | { readonly kind: "error"; readonly at: number; readonly errno: string }
  /** It writes half of what it was given and says so; the next write fails for want of space. */
  | { readonly kind: "short-write"; readonly at: number }
  /** It writes half of what it was given and says that it wrote all. */
  | { readonly kind: "lying-write"; readonly at: number }
  /** The process ends before the call: it and every later call of this port fails. */
  | { readonly kind: "stop"; readonly at: number }
  /** The process ends half way through a write. Calls that are not writes end before they begin. */
  | { readonly kind: "torn-write"; readonly at: number };

/** Thrown by every call after the end of the process that a fault stands for. */
export class FsStopped extends Error {
  override readonly name: string = "FsStopped";
}

export interface FaultyFs extends FsPort {
  /** Calls counted so far, each with its operation and path, in order. */
  readonly calls: readonly string[];
  /** Whether the fault has struck. */
  readonly struck: boolean;
  /** Files opened and not closed. */
  readonly openFiles: number;
}

/** How much of a write is done. */
type Extent = "whole" | "half" | "half-called-whole" | "half-then-stop";

const EDQUOT = 122;

/** A system error as Node makes them; EDQUOT has no name there. */
function systemError(errno: string, call: string): Error {
  if (errno === "EDQUOT") {
    return Object.assign(new Error(`Unknown system error -${EDQUOT}: ${call}`), {
      code: `Unknown system error -${EDQUOT}`,
      errno: -EDQUOT,
    });
  }
  return Object.assign(new Error(`${errno}: ${call}`), { code: errno, errno: -1 });
}

/**
 * A file system that counts the calls made through it and lets one of them go wrong. Without a
 * fault it only counts, which says how many faults there are to set.
 *
 * @param counted which calls count, by operation and path; all by default. How often a thread reads
 * back differs from run to run, so a fault at a certain write needs that only writes count.
 */
export function createFaultyFs(base: FsPort, fault?: FsFault, counted: RegExp = /^/): FaultyFs {
  const calls: string[] = [];
  let stopped = false;
  let full = false;
  let struck = false;
  let openFiles = 0;

  /** Counts a call; tells a write to be cut, throws what the fault says. */
  function step(operation: string, path: string): Extent {
    if (stopped) throw new FsStopped(`${operation} ${path} after the end`);
    if (full && operation === "write") throw systemError("ENOSPC", `${operation} ${path}`);
    if (!counted.test(`${operation} ${path}`)) return "whole";
    calls.push(`${operation} ${path}`);
    if (fault === undefined || calls.length !== fault.at) return "whole";
    struck = true;
    const isWrite = operation === "write";
    if (fault.kind === "error") throw systemError(fault.errno, `${operation} ${path}`);
    if (fault.kind === "lying-write") return isWrite ? "half-called-whole" : "whole";
    if (fault.kind === "short-write") {
      if (!isWrite) return "whole";
      full = true;
      return "half";
    }
    stopped = true;
    if (fault.kind === "torn-write" && isWrite) return "half-then-stop";
    throw new FsStopped(`${operation} ${path}`);
  }

  function wrapFile(file: FsFile, path: string): FsFile {
    let open = true;
    const guarded =
      <A extends readonly unknown[], R>(operation: string, call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        step(operation, path);
        return call(...args);
      };
    return {
      alignment: file.alignment,
      read: guarded("read", (buffer: Uint8Array, position: number) => file.read(buffer, position)),
      async write(buffer, position) {
        const how = step("write", path);
        if (how === "whole") return file.write(buffer, position);
        const written = await file.write(buffer.subarray(0, buffer.length >> 1), position);
        if (how === "half-then-stop") throw new FsStopped(`write ${path}`);
        return how === "half" ? written : buffer.length;
      },
      truncate: guarded("truncate", (size: number) => file.truncate(size)),
      chmod: guarded("fchmod", (mode: number) => file.chmod(mode)),
      stat: guarded("fstat", () => file.stat()),
      sync: guarded("fsync", () => file.sync()),
      datasync: guarded("fdatasync", () => file.datasync()),
      async close() {
        // The descriptor goes in any case, as it does when a process ends or a close reports EIO.
        if (open) {
          open = false;
          openFiles -= 1;
          await file.close();
        }
        step("close", path);
      },
    };
  }

  const one =
    <A extends readonly unknown[], R>(
      operation: string,
      call: (path: string, ...rest: A) => Promise<R>,
    ) =>
    async (path: string, ...rest: A): Promise<R> => {
      step(operation, path);
      return call(path, ...rest);
    };

  return {
    get calls() {
      return calls;
    },
    get struck() {
      return struck;
    },
    get openFiles() {
      return openFiles;
    },
    async open(path, mode, options) {
      step(`open-${mode}`, path);
      const file = await base.open(path, mode, options);
      openFiles += 1;
      return wrapFile(file, path);
    },
    mkdir: one("mkdir", (path) => base.mkdir(path)),
    rmdir: one("rmdir", (path) => base.rmdir(path)),
    readdir: one("readdir", (path) => base.readdir(path)),
    entries: one("entries", (path) => base.entries(path)),
    lstat: one("lstat", (path) => base.lstat(path)),
    stat: one("stat", (path) => base.stat(path)),
    realpath: one("realpath", (path) => base.realpath(path)),
    link: one("link", (from: string, to: string) => base.link(from, to)),
    symlink: one("symlink", (target: string, path: string) => base.symlink(target, path)),
    rename: one("rename", (from: string, to: string) => base.rename(from, to)),
    unlink: one("unlink", (path) => base.unlink(path)),
    chmod: one("chmod", (path: string, mode: number) => base.chmod(path, mode)),
    utimes: one("utimes", (path: string, atimeMs: number, mtimeMs: number) =>
      base.utimes(path, atimeMs, mtimeMs),
    ),
    copyFile: one(
      "copyFile",
      (from: string, to: string, options?: Parameters<FsPort["copyFile"]>[2]) =>
        base.copyFile(from, to, options),
    ),
    syncDirectory: one("fsync-directory", (path) => base.syncDirectory(path)),
    freeBytes: one("statfs", (path) => base.freeBytes(path)),
  };
}
