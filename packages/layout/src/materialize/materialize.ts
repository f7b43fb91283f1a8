import { dirname, join, resolve } from "node:path";

import type { AbortOptions } from "../abort-options.ts";
import type { BlobReader } from "../blobs/blob-reader.ts";
import { blobNotFound } from "../blobs/blob-errors.ts";
import type { Digest } from "../digest/digest.ts";
import { digestFile } from "../digest/digest-file.ts";
import { isErrno } from "../errors/errno.ts";
import { StoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { createDirectoryMaker } from "../fs/make-directories.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { temporaryName } from "../fs/temporary-name.ts";
import { writeFully } from "../fs/write-fully.ts";

/** Ways to put a blob at a path, best first. */
export type LinkMode =
  /** Shares blocks, separate file: safe to write to. Only some file systems can. */
  | "reflink"
  /** Another name of the blob's own file: costs nothing, must not be written to. */
  | "hardlink"
  /** Points into the store: costs nothing, breaks when the blob goes. */
  | "symlink"
  | "copy";

export interface LinkEntry {
  readonly digest: Digest;
  /** Relative path below the directory, names separated by `/`; anything else is refused. */
  readonly path: string;
}

export interface Materialized extends LinkEntry {
  /** Absolute. */
  readonly target: string;
  /** How it got there; `kept` if the right file was there already. */
  readonly mode: LinkMode | "kept";
}

export interface MaterializeOptions extends AbortOptions {
  /** Ways allowed, tried in this order. By default: reflink, hardlink, copy. */
  readonly modes?: readonly LinkMode[] | undefined;
  readonly fs?: FsPort | undefined;
}

const DEFAULT_MODES: readonly LinkMode[] = ["reflink", "hardlink", "copy"];

/**
 * Puts blobs at paths below a directory, each by the best way its file system offers. Every file
 * appears whole; an existing file of other content is a conflict and stays.
 *
 * @throws StoreError `ERR_STORE_BLOB_NOT_FOUND`, `ERR_STORE_TARGET_TAKEN`, `ERR_STORE_PATH_UNUSABLE`
 */
export async function materialize(
  blobs: BlobReader,
  entries: readonly LinkEntry[],
  directory: string,
  options: MaterializeOptions = {},
): Promise<readonly Materialized[]> {
  const fs = options.fs ?? nodeFs;
  const root = resolve(directory);
  const maker = createDirectoryMaker(fs, root);
  const targets = entries.map((entry) => ({ ...entry, target: confine(root, entry.path) }));
  const done: Materialized[] = [];
  for (const entry of targets) {
    options.signal?.throwIfAborted();
    await explaining(`write ${entry.target}`, () => maker.make(dirname(entry.target)));
    const mode = await explaining(`write ${entry.target}`, () => place(fs, blobs, entry, options));
    done.push({ ...entry, mode });
  }
  return done;
}

/** Parts of names and nothing else, by the same rules on every platform: `..foo` is one, `..` is not. */
function confine(root: string, path: string): string {
  const parts = path.split("/");
  const isRelative =
    parts.every((part) => part !== "" && part !== "." && part !== "..") &&
    !/[\\\0]|^[A-Za-z]:/.test(path);
  if (isRelative) return join(root, ...parts);
  throw new StoreError(`not a path below a directory: ${JSON.stringify(path)}`, {
    kind: "invalid",
    code: "ERR_STORE_PATH_UNUSABLE",
    hint: "Give names separated by `/`, without `.`, `..` or a `/` at either end.",
    detail: { path },
  });
}

interface Placement extends LinkEntry {
  readonly target: string;
}

async function place(
  fs: FsPort,
  blobs: BlobReader,
  entry: Placement,
  options: MaterializeOptions,
): Promise<LinkMode | "kept"> {
  const info = await blobs.stat(entry.digest, options);
  const location = await blobs.locate(entry.digest, options);
  if (info === undefined) throw blobNotFound(entry.digest);
  const source = location?.kind === "file" ? location.path : undefined;
  if (await isInPlace(fs, entry, source, info.size)) return "kept";
  const temporary = join(dirname(entry.target), temporaryName());
  for (const mode of options.modes ?? DEFAULT_MODES) {
    if (!(await attempt(fs, blobs, mode, { entry, source, temporary }, options))) continue;
    await settle(fs, temporary, entry.target);
    return mode;
  }
  throw new StoreError(`none of the ways allowed can put ${entry.digest} at ${entry.target}`, {
    kind: "unsupported",
    code: "ERR_STORE_LINK_UNSUPPORTED",
    hint: "Allow copying.",
    detail: { path: entry.target, modes: options.modes ?? DEFAULT_MODES },
  });
}

/**
 * Whether the right file is there: the blob's own (by identity), or one of the blob's size that a
 * materialize made before, since nothing else replaces by rename. Anything else is in the way.
 */
async function isInPlace(
  fs: FsPort,
  { target, digest }: Placement,
  source: string | undefined,
  size: number,
): Promise<boolean> {
  const there = await ifPresent(fs.lstat(target));
  if (there === undefined) return false;
  const resolved = await ifPresent(fs.stat(target));
  const blob = source === undefined ? undefined : await ifPresent(fs.stat(source));
  if (resolved !== undefined && blob !== undefined) {
    if (resolved.inode === blob.inode && resolved.device === blob.device) return true;
  }
  if (there.kind === "file" && there.size === size) {
    if ((await digestFile(target, { fs })) === digest) return true;
  }
  throw new StoreError(`something else is at ${target}`, {
    kind: "conflict",
    code: "ERR_STORE_TARGET_TAKEN",
    hint: "Choose another directory, or move the file away.",
    detail: { path: target },
  });
}

const CANNOT = [
  "EXDEV",
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EINVAL",
  "EMLINK",
  "ENOTTY",
  "EACCES",
];

async function attempt(
  fs: FsPort,
  blobs: BlobReader,
  mode: LinkMode,
  { entry, source, temporary }: { entry: Placement; source: string | undefined; temporary: string },
  options: AbortOptions,
): Promise<boolean> {
  try {
    if (mode === "copy") {
      await writeCopy(fs, blobs, entry.digest, temporary, options);
      return true;
    }
    if (source === undefined) return false;
    if (mode === "reflink") await fs.copyFile(source, temporary, { reflink: "forced" });
    else if (mode === "hardlink") await fs.link(source, temporary);
    else await fs.symlink(source, temporary);
    return true;
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    if (mode !== "copy" && isErrno(error, ...CANNOT)) return false;
    throw error;
  }
}

async function writeCopy(
  fs: FsPort,
  blobs: BlobReader,
  digest: Digest,
  temporary: string,
  options: AbortOptions,
): Promise<void> {
  const file = await fs.open(temporary, "create", { permissions: 0o644 });
  try {
    let at = 0;
    for await (const chunk of blobs.read(digest, options)) {
      await writeFully(file, chunk, at);
      at += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives the file its name at once. What `isInPlace` found free a moment ago may be replaced. */
async function settle(fs: FsPort, temporary: string, target: string): Promise<void> {
  try {
    await fs.rename(temporary, target);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
  await fs.syncDirectory(dirname(target));
}
