import { basename, dirname } from "node:path";

import type { EntryKind, FsStat, OpenMode } from "../../fs/fs-port.ts";

interface FileNode {
  readonly kind: "file";
  readonly inode: number;
  bytes: Uint8Array;
  mode: number;
  links: number;
}

interface DirectoryNode {
  readonly kind: "directory";
  readonly inode: number;
  readonly entries: Map<string, Node>;
}

export type Node = FileNode | DirectoryNode;

/** Never moves: ages play no part in what the model is there to show. */
const MTIME_MS = 1_700_000_000_000;

function fail(errno: string, path: string): never {
  // Absence is an everyday answer, and collecting a stack costs more than the rest of the call.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = Object.assign(new Error(`${errno}: ${path}`), { code: errno, errno: -1, path });
  Error.stackTraceLimit = stackTraceLimit;
  throw error;
}

/**
 * A POSIX file system in memory: names, inodes and link counts as Linux keeps them, each operation
 * atomic. What is durable plays no part; see the power-cut suite for that.
 */
export interface ModelDisk {
  /** Another one after each change. */
  readonly version: number;
  /** The node of a path, or `undefined`. */
  find(path: string): Node | undefined;
  /** The directory that holds a path's last component. */
  parent(path: string): DirectoryNode;
  /** A disk of the same content that shares nothing with this one. */
  copy(): ModelDisk;
  /** Whose work follows. */
  setMaker(process: number): void;
  open(path: string, mode: OpenMode, permissions: number): Node;
  mkdir(path: string): void;
  rmdir(path: string): void;
  readdir(path: string): readonly string[];
  lstat(path: string): FsStat;
  link(existing: string, path: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  chmod(node: Node, mode: number): void;
  read(node: Node, buffer: Uint8Array, position: number): number;
  write(node: Node, buffer: Uint8Array, position: number): number;
  truncate(node: Node, size: number): void;
  /** Every name below a directory with its node, ascending. */
  walk(): Generator<{ readonly path: string; readonly node: Node }>;
}

const emptyDirectory = (inode: number): DirectoryNode => ({
  kind: "directory",
  inode,
  entries: new Map(),
});

function copyDirectory(from: DirectoryNode): DirectoryNode {
  const copies = new Map<FileNode, FileNode>();
  const copy = (node: Node): Node => {
    if (node.kind === "directory") {
      const entries = [...node.entries].map(([name, child]) => [name, copy(child)] as const);
      return { ...node, entries: new Map(entries) };
    }
    const known = copies.get(node) ?? { ...node };
    copies.set(node, known);
    return known;
  };
  return copy(from) as DirectoryNode;
}

export const statOf = (node: Node): FsStat => ({
  kind: node.kind satisfies EntryKind,
  size: node.kind === "file" ? node.bytes.length : 0,
  mtimeMs: MTIME_MS,
  mode: node.kind === "file" ? node.mode : 0o755,
  links: node.kind === "file" ? node.links : 1,
  device: 1,
  inode: node.inode,
});

export function createModelDisk(top: DirectoryNode = emptyDirectory(0)): ModelDisk {
  const made = new Map<number, number>();
  let maker = 0;
  let version = 0;
  /** Numbered by who made it, so that the same work gives the same numbers in any order. */
  function nextInode(): number {
    const count = (made.get(maker) ?? 0) + 1;
    made.set(maker, count);
    return maker * 1_000_000 + count;
  }

  function find(path: string): Node | undefined {
    let node: Node = top;
    for (const part of path.split("/")) {
      if (part === "") continue;
      if (node.kind !== "directory") return fail("ENOTDIR", path);
      const next = node.entries.get(part);
      if (next === undefined) return undefined;
      node = next;
    }
    return node;
  }
  const get = (path: string): Node => find(path) ?? fail("ENOENT", path);
  function directory(path: string): DirectoryNode {
    const node = get(path);
    return node.kind === "directory" ? node : fail("ENOTDIR", path);
  }
  const parent = (path: string): DirectoryNode => directory(dirname(path));
  function dropName(path: string): void {
    const node = get(path);
    parent(path).entries.delete(basename(path));
    if (node.kind === "file") node.links -= 1;
    version += 1;
  }

  return {
    get version() {
      return version;
    },
    find,
    parent,
    copy: () => createModelDisk(copyDirectory(top)),
    setMaker(process) {
      maker = process;
    },
    open(path, mode, permissions) {
      if (mode === "create") {
        const { entries } = parent(path);
        if (entries.has(basename(path))) fail("EEXIST", path);
        const node: FileNode = {
          kind: "file",
          inode: nextInode(),
          bytes: new Uint8Array(),
          mode: permissions,
          links: 1,
        };
        entries.set(basename(path), node);
        version += 1;
        return node;
      }
      const node = get(path);
      if (mode === "update" && node.kind === "directory") fail("EISDIR", path);
      if (mode === "update" && node.kind === "file" && (node.mode & 0o200) === 0)
        fail("EACCES", path);
      return node;
    },
    mkdir(path) {
      const { entries } = parent(path);
      if (entries.has(basename(path))) fail("EEXIST", path);
      entries.set(basename(path), emptyDirectory(nextInode()));
      version += 1;
    },
    rmdir(path) {
      if (directory(path).entries.size > 0) fail("ENOTEMPTY", path);
      parent(path).entries.delete(basename(path));
      version += 1;
    },
    readdir: (path) => [...directory(path).entries.keys()].toSorted(),
    lstat: (path) => statOf(get(path)),
    link(existing, path) {
      const node = get(existing);
      if (node.kind === "directory") return fail("EPERM", existing);
      const { entries } = parent(path);
      if (entries.has(basename(path))) fail("EEXIST", path);
      entries.set(basename(path), node);
      node.links += 1;
      version += 1;
    },
    rename(from, to) {
      const node = get(from);
      const { entries } = parent(to);
      const there = entries.get(basename(to));
      // POSIX: two names of one file stay as they are, both of them.
      if (there === node) return;
      if (there !== undefined) {
        if (node.kind === "file" && there.kind === "directory") fail("EISDIR", to);
        if (node.kind === "directory" && there.kind === "file") fail("ENOTDIR", to);
        if (there.kind === "directory" && there.entries.size > 0) fail("ENOTEMPTY", to);
        if (there.kind === "file") there.links -= 1;
      }
      parent(from).entries.delete(basename(from));
      entries.set(basename(to), node);
      version += 1;
    },
    unlink(path) {
      if (get(path).kind === "directory") fail("EISDIR", path);
      dropName(path);
    },
    chmod(node, mode) {
      if (node.kind === "file") node.mode = mode;
      version += 1;
    },
    read(node, buffer, position) {
      if (node.kind === "directory") return fail("EISDIR", "");
      const piece = node.bytes.subarray(position, position + buffer.length);
      buffer.set(piece);
      return piece.length;
    },
    write(node, buffer, position) {
      if (node.kind === "directory") return fail("EISDIR", "");
      const size = Math.max(node.bytes.length, position + buffer.length);
      // A new array each time, so that contents can be compared by identity.
      const bytes = new Uint8Array(size);
      bytes.set(node.bytes);
      bytes.set(buffer, position);
      node.bytes = bytes;
      version += 1;
      return buffer.length;
    },
    truncate(node, size) {
      if (node.kind === "directory") return fail("EISDIR", "");
      const bytes = new Uint8Array(size);
      bytes.set(node.bytes.subarray(0, size));
      node.bytes = bytes;
      version += 1;
    },
    *walk() {
      const stack: { path: string; node: Node }[] = [{ path: "", node: top }];
      for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
        if (at.path !== "") yield at;
        if (at.node.kind !== "directory") continue;
        const { path, node } = at;
        for (const name of [...node.entries.keys()].toSorted().toReversed()) {
          const child = node.entries.get(name);
          if (child !== undefined) stack.push({ path: `${path}/${name}`, node: child });
        }
      }
    },
  };
}
