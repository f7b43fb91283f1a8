import { basename, dirname } from "node:path";

import { ownerOf } from "./canonical-names.ts";
import type { ModelDisk, Node } from "./model-disk.ts";

/** What a step depends on and what it changes, as keys of the disk. */
export interface Access {
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** Whether two steps lead to the same state and the same answers in either order. */
export function areIndependent(a: Access, b: Access): boolean {
  return !meet(a.writes, b.writes) && !meet(a.writes, b.reads) && !meet(a.reads, b.writes);
}

function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const key of a) if (b.has(key)) return true;
  return false;
}

const BLOB_DIRECTORY = /\/sha256\/[0-9a-f]{2}\/[0-9a-f]{64}$/;

/**
 * Whether a step cannot matter to anybody else: it stays below names that only its own process
 * knows, or it looks at directories that are there before the first step and never go. Such steps
 * need no order among those of others.
 */
export function isPrivate(
  process: number,
  operation: string,
  paths: readonly string[],
  sharedPartials: boolean,
): boolean {
  return paths.every((path) => isPrivatePath(process, operation, path, sharedPartials));
}

function isPrivatePath(
  process: number,
  operation: string,
  path: string,
  sharedPartials: boolean,
): boolean {
  if (path === `process:${process}`) return true;
  if (path.startsWith("process:")) return false;
  if (path.includes("/.partial-")) {
    if (sharedPartials) return false;
    throw new Error(`partials are shared here: ${path}`);
  }
  const name = basename(path);
  if (path.includes("/.incoming-")) return mustBeOwn(process, path);
  const onFile = /^(read|write|truncate|fchmod|fstat|fsync|close)$/.test(operation);
  if (name.startsWith(".tmp-")) {
    // Renamed aside or written by its maker only. In a blob's directory it keeps the directory from
    // being removed, so there its name counts, but never what is in it.
    return mustBeOwn(process, path) && (onFile || !BLOB_DIRECTORY.test(dirname(path)));
  }
  // A file with a final name is never written again: only opening it depends on others.
  if (onFile) return operation !== "write" && !sharedPartials;
  if (path.includes("/.store/released/")) return true;
  if (path === "/models/.store/format.json") return true;
  // Its entries are the fan-out directories, which are lasting.
  if (operation === "readdir" && path === "/models/blobs/sha256") return true;
  return /^(mkdir|fsync-directory|stat|lstat)$/.test(operation) && isLasting(path);
}

function mustBeOwn(process: number, path: string): boolean {
  if (ownerOf(path) !== process) throw new Error(`process ${process} touches ${path}`);
  return true;
}

/** Directories that every scenario starts with and nothing removes. */
function isLasting(path: string): boolean {
  return /^\/models(\/(\.store|\.store\/(leases|released|trashed|pins)|manifests|packs|locks|locks\/quarantine|blobs|blobs\/sha256|blobs\/sha256\/[0-9a-f]{2}))?$|^\/$/.test(
    path,
  );
}

/** What a step touches in the present state. */
export function accessOf(
  disk: ModelDisk,
  operation: string,
  paths: readonly string[],
  node: Node | undefined,
): Access {
  const reads = new Set<string>();
  const writes = new Set<string>();
  if (operation === "isDead") return { reads: new Set(paths), writes };
  if (node !== undefined) {
    const key = `content:${node.inode}`;
    if (/^(write|truncate|fchmod)$/.test(operation)) writes.add(key);
    else if (/^(read|fstat)$/.test(operation)) reads.add(key);
    if (operation === "fstat") reads.add(`links:${node.inode}`);
    return { reads, writes };
  }
  for (const path of paths) readAncestors(path, reads);
  const [path = "", target = ""] = paths;
  const there = find(disk, path);
  reads.add(`name:${path}`);
  if (there !== undefined && /^(lstat|stat)$/.test(operation)) {
    reads.add(`content:${there.inode}`);
    if (path.includes("/.partial-")) reads.add(`links:${there.inode}`);
  }
  if (operation === "chmod" && there !== undefined) writes.add(`content:${there.inode}`);
  if (operation === "readdir") reads.add(`listing:${path}`);
  if (operation === "rmdir") reads.add(`directory:${path}`);
  const changesPath =
    /^(unlink|rmdir|rename)$/.test(operation) ||
    (/^(mkdir|open-create)$/.test(operation) && there === undefined);
  if (changesPath) writeName(path, writes);
  if (/^(link|rename)$/.test(operation)) {
    reads.add(`name:${target}`);
    if (operation === "rename" || find(disk, target) === undefined) writeName(target, writes);
    if (operation === "rename") writes.add(`directory:${target}`);
  }
  if (/^(link|unlink|rename)$/.test(operation) && there !== undefined)
    writes.add(`links:${there.inode}`);
  return { reads, writes };
}

/** A path in the present state; what stands where a directory should makes no path. */
function find(disk: ModelDisk, path: string): Node | undefined {
  try {
    return disk.find(path);
  } catch {
    return undefined;
  }
}

function writeName(path: string, writes: Set<string>): void {
  writes.add(`name:${path}`);
  writes.add(`directory:${dirname(path)}`);
  // Every reader of a listing passes temporary names over.
  if (!basename(path).startsWith(".tmp-")) writes.add(`listing:${dirname(path)}`);
}

function readAncestors(path: string, reads: Set<string>): void {
  for (let at = dirname(path); at !== "/" && at !== "."; at = dirname(at)) reads.add(`name:${at}`);
}
