import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from "node:fs";

import type { BlockingFs, EntryKind, FsStat } from "./fs-port.ts";

// Absent on Windows, where the name grammar and the absence of fifos make them unnecessary.
const READ_FLAGS: number =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export function kindOf(entry: Stats | Dirent): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

export function toStat(stats: Stats): FsStat {
  return {
    kind: kindOf(stats),
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    mode: stats.mode & 0o7777,
    links: stats.nlink,
    device: stats.dev,
    inode: stats.ino,
  };
}

/** A short read of a regular file means its end, so reads go on until then. */
export function readAt(
  descriptor: number,
  buffer: Uint8Array,
  length: number,
  position: number,
): number {
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** The machine's own file system. */
export const blockingFs: BlockingFs = {
  lstat(path) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : toStat(stats);
  },
  entries: (path) =>
    readdirSync(path, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      kind: kindOf(entry),
    })),
  readSmall(path, buffer) {
    const descriptor = openSync(path, READ_FLAGS);
    try {
      const stat = toStat(fstatSync(descriptor));
      if (stat.kind !== "file" || stat.size > buffer.length) return undefined;
      return { bytes: buffer.subarray(0, readAt(descriptor, buffer, stat.size, 0)), stat };
    } finally {
      closeSync(descriptor);
    }
  },
};
