import { constants, type Stats } from "node:fs";
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

import { errnoOf, isErrno } from "../errors/errno.ts";
import { blockingFs, kindOf, readAt, toStat } from "./blocking-fs.ts";
import { createDirectRead, DIRECT_ALIGNMENT, isCached } from "./direct-reads.ts";
import type { FsFile, FsPort, OpenMode, OpenOptions } from "./fs-port.ts";
import { openFlags } from "./open-flags.ts";
import { createPromptFs } from "./prompt-fs.ts";
import { readFully } from "./read-fully.ts";

function toFile(handle: FileHandle, alignment = 1): FsFile {
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
    blocking: {
      read: (buffer, position) => readAt(handle.fd, buffer, buffer.length, position),
    },
  };
}

/** Linux's O_DIRECT; absent elsewhere. */
const DIRECT = constants.O_DIRECT ?? 0;

async function openFile(path: string, mode: OpenMode, options: OpenOptions = {}): Promise<FsFile> {
  const { permissions = 0o666, direct = false } = options;
  if (direct && DIRECT !== 0) {
    if (mode === "read") return openUncached(path);
    try {
      // Never a new file: some file systems without direct I/O say so after they have made it.
      if (mode === "update")
        return toFile(await open(path, openFlags[mode] | DIRECT), DIRECT_ALIGNMENT);
    } catch (error) {
      if (!isErrno(error, "EINVAL")) throw error;
    }
  }
  return toFile(await open(path, openFlags[mode], permissions));
}

/** Opens a file twice if it is not in the page cache: once to read past it, once for all the rest. */
async function openUncached(path: string): Promise<FsFile> {
  const plain = await open(path, openFlags.read);
  try {
    const stats = await plain.stat();
    const cached = !stats.isFile() || (await isCached(plain, stats.size));
    const direct = cached ? undefined : await openSameDirect(path, stats);
    return direct === undefined ? toFile(plain) : withDirectReads(toFile(plain), plain, direct);
  } catch (error) {
    await plain.close();
    throw error;
  }
}

/** `undefined` where the file system cannot, or where the path has become another file's. */
async function openSameDirect(path: string, stats: Stats): Promise<FileHandle | undefined> {
  let direct;
  try {
    direct = await open(path, openFlags.read | DIRECT);
    const { dev, ino } = await direct.stat();
    if (dev === stats.dev && ino === stats.ino) return direct;
  } catch (error) {
    // Whatever it is: the file is open already, and reads of that one work or say what is wrong.
    if (errnoOf(error) === undefined) throw error;
  }
  await direct?.close();
  return undefined;
}

function withDirectReads(file: FsFile, plain: FileHandle, direct: FileHandle): FsFile {
  return {
    ...file,
    read: createDirectRead(direct, plain),
    async close() {
      try {
        await direct.close();
      } finally {
        await file.close();
      }
    },
  };
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

const threadedFs: FsPort = {
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

/**
 * The machine's own file system. `prompt` is not enumerable: whoever spreads this one to change some
 * of its calls gets none that would pass the change by.
 */
export const nodeFs: FsPort = Object.defineProperty({ ...threadedFs }, "prompt", {
  value: createPromptFs(threadedFs),
});
