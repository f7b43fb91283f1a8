import { constants } from "node:fs";
import {
  chmod,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  stat,
  statfs,
  symlink,
  unlink,
  utimes,
} from "node:fs/promises";

import { isErrno } from "../errors/errno.ts";
import { blockingFs, kindOf, toStat } from "./blocking-fs.ts";
import type { FsFile, FsPort, OpenMode, OpenOptions } from "./fs-port.ts";

// Absent on Windows, where the name grammar and the absence of fifos make them unnecessary.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_BLOCK = constants.O_NONBLOCK ?? 0;

const flags: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY | NO_FOLLOW | NO_BLOCK,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW,
  update: constants.O_RDWR | NO_FOLLOW | NO_BLOCK,
};

/** A short read of a regular file means its end, so reads go on until the buffer is full. */
async function readFully(
  handle: FileHandle,
  buffer: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function toFile(handle: FileHandle, alignment: number): FsFile {
  return {
    alignment,
    read: (buffer, position) => readFully(handle, buffer, position),
    async write(buffer, position) {
      const { bytesWritten } = await handle.write(buffer, 0, buffer.length, position);
      return bytesWritten;
    },
    truncate: (size) => handle.truncate(size),
    chmod: (mode) => handle.chmod(mode),
    stat: async () => toStat(await handle.stat()),
    sync: () => handle.sync(),
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** Linux's O_DIRECT; absent elsewhere. */
const DIRECT = constants.O_DIRECT ?? 0;
/** A page: a multiple of every sector size in use. */
const DIRECT_ALIGNMENT = 4096;

async function openFile(path: string, mode: OpenMode, options: OpenOptions = {}): Promise<FsFile> {
  const { permissions = 0o666, direct = false } = options;
  if (direct && DIRECT !== 0) {
    try {
      return toFile(await open(path, flags[mode] | DIRECT, permissions), DIRECT_ALIGNMENT);
    } catch (error) {
      // File systems without direct I/O say EINVAL, some of them after the file was created.
      if (!isErrno(error, "EINVAL")) throw error;
      if (mode === "create") await unlink(path).catch(() => {});
    }
  }
  return toFile(await open(path, flags[mode], permissions), 1);
}

async function syncDirectory(path: string): Promise<void> {
  // Windows can neither open nor sync a directory; NTFS journals the names itself.
  if (process.platform === "win32") return;
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The machine's own file system. */
export const nodeFs: FsPort = {
  open: openFile,
  async mkdir(path) {
    await mkdir(path);
  },
  rmdir: (path) => rmdir(path),
  readdir: (path) => readdir(path),
  async entries(path) {
    const found = await readdir(path, { withFileTypes: true });
    return found.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },
  lstat: async (path) => toStat(await lstat(path)),
  stat: async (path) => toStat(await stat(path)),
  realpath: (path) => realpath(path),
  link: (existing, path) => link(existing, path),
  symlink: (target, path) => symlink(target, path),
  rename: (from, to) => rename(from, to),
  unlink: (path) => unlink(path),
  chmod: (path, mode) => chmod(path, mode),
  utimes: (path, atimeMs, mtimeMs) => utimes(path, atimeMs / 1000, mtimeMs / 1000),
  copyFile: (from, to, options) =>
    copyFile(
      from,
      to,
      constants.COPYFILE_EXCL |
        (options?.reflink === "forced"
          ? constants.COPYFILE_FICLONE_FORCE
          : constants.COPYFILE_FICLONE),
    ),
  syncDirectory,
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
  blocking: blockingFs,
};
