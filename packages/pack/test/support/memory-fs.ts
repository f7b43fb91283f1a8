import { basename } from "node:path";

import type { FsPort, FsStat } from "@store/layout";

function statOf(bytes: Uint8Array): FsStat {
  return {
    kind: "file",
    size: bytes.length,
    mtimeMs: 0,
    mode: 0o444,
    links: 1,
    device: 1,
    inode: 1,
  };
}

function refuse(): never {
  throw new Error("this file system is read-only");
}

/** A directory in memory that can only be read: for tests that open thousands of packs. */
export function createReadOnlyFs(files: ReadonlyMap<string, Uint8Array>): FsPort {
  const bytesOf = (path: string): Uint8Array => {
    const bytes = files.get(basename(path));
    if (bytes !== undefined) return bytes;
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT", errno: -2 });
  };
  return {
    async open(path) {
      const bytes = bytesOf(path);
      const read = (buffer: Uint8Array, position: number): number => {
        const piece = bytes.subarray(position, position + buffer.length);
        buffer.set(piece);
        return piece.length;
      };
      const file = {
        alignment: 1,
        read: async (buffer: Uint8Array, position: number) => read(buffer, position),
        blocking: { read },
        stat: async () => statOf(bytes),
        close: async () => {},
        write: refuse,
        truncate: refuse,
        chmod: refuse,
        sync: refuse,
        datasync: refuse,
      };
      return file;
    },
    readdir: async () => [...files.keys()],
    lstat: async (path) => statOf(bytesOf(path)),
    stat: async (path) => statOf(bytesOf(path)),
    entries: async () => [...files.keys()].map((name) => ({ name, kind: "file" as const })),
    realpath: async (path) => path,
    mkdir: refuse,
    rmdir: refuse,
    link: refuse,
    symlink: refuse,
    rename: refuse,
    unlink: refuse,
    chmod: refuse,
    utimes: refuse,
    copyFile: refuse,
    syncDirectory: refuse,
    freeBytes: refuse,
  };
}
