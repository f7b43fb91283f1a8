import { resolve } from "node:path";

import { EMPTY_DIGEST, type Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { StoreError } from "../errors/store-error.ts";
import { createDirectWrite } from "../fs/direct-writes.ts";
import type { FsFile, FsStat } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { digestMismatch, sourceNotFound } from "./blob-errors.ts";
import type { AdoptOptions } from "./blob-store.ts";
import { type CopyOptions, copyLarge, copySmall } from "./copy-file.ts";
import type { FoundBlob } from "./find-blob.ts";
import { hashFile, PUMP_BYTES_MIN } from "../hashing/hash-file.ts";
import { stage } from "./put-blob.ts";
import { publishBlob } from "./publish-blob.ts";
import { createStaging } from "./staging.ts";

/** Answers of a forced reflink where blocks cannot be shared. */
const CANNOT_CLONE = ["ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOSYS", "ENOTTY", "EPERM"];

export interface Adopted {
  readonly digest: Digest;
  readonly found: FoundBlob;
}

/** Takes a file that is on this machine already; see `BlobStore.adopt`. */
export async function adoptFile(
  layout: Layout,
  path: string,
  options: AdoptOptions = {},
): Promise<Adopted> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const file = await openSource(layout, path);
  try {
    const before = await file.stat();
    if (options.mode === "link") {
      const linked = await adoptByLink(layout, path, file, before, options);
      if (linked !== undefined) return linked;
    }
    return await adoptByCopy(layout, path, file, before, options);
  } finally {
    await file.close();
  }
}

async function openSource(layout: Layout, path: string): Promise<FsFile> {
  // A user's own file may lie behind a link; what is opened must be a regular file in the end.
  const real = await layout.fs.realpath(resolve(path)).catch((error: unknown) => {
    throw isErrno(error, "ENOENT") ? sourceNotFound(path) : error;
  });
  const file = await layout.fs.open(real, "read");
  try {
    if ((await file.stat()).kind === "file") return file;
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  await file.close();
  throw new StoreError(`not a regular file: ${path}`, {
    kind: "invalid",
    code: "ERR_STORE_SOURCE_NOT_A_FILE",
    hint: "Name a file; a directory of model files is pulled as `dir:PATH` or `file://…`.",
    detail: { path },
  });
}

/** `undefined` where the file system cannot link there. */
async function adoptByLink(
  layout: Layout,
  path: string,
  file: FsFile,
  before: FsStat,
  options: AdoptOptions,
): Promise<Adopted | undefined> {
  const staging = await createStaging(layout);
  const name = `${staging.path}.link`;
  try {
    await layout.fs.link(await layout.fs.realpath(resolve(path)), name);
  } catch (error) {
    await staging.release();
    if (isErrno(error, "EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "EACCES"))
      return undefined;
    throw error;
  }
  try {
    const linked = await layout.fs.lstat(name);
    if (linked.inode !== before.inode || linked.kind !== "file") throw sourceChanged(path);
    const hashes = await hashFile(file, withProgress(options, before.size));
    await checkUnchanged(file, before, path);
    checkExpected(options, hashes);
    // INV-7: from here on nobody is to write to it.
    await file.chmod(0o444).catch((error: unknown) => {
      if (!isErrno(error, "EPERM", "EACCES", "EROFS")) throw error;
    });
    await file.sync();
    return { digest: hashes.digest, found: await publishBlob(layout, hashes, name) };
  } finally {
    await layout.fs.unlink(name).catch(() => {});
    await staging.release();
  }
}

async function adoptByCopy(
  layout: Layout,
  path: string,
  file: FsFile,
  before: FsStat,
  options: AdoptOptions,
): Promise<Adopted> {
  const large = before.size >= PUMP_BYTES_MIN;
  const copyOptions = withProgress(options, before.size);
  let digest: Digest = EMPTY_DIGEST;
  const check = (hashes: BlobHashes): BlobHashes => {
    checkExpected(options, hashes);
    digest = hashes.digest;
    return hashes;
  };
  const cloned = large ? await adoptByClone(layout, path, copyOptions, check) : undefined;
  const found =
    cloned ??
    (await stage(layout, before.size, async (staging) => {
      if (!large) return check(await copySmall(file, staging.file, copyOptions));
      const write = createDirectWrite(staging.openDirect, staging.file);
      return check(await copyLarge(file, write, copyOptions));
    }));
  return { digest, found };
}

/** Shares the source's blocks and hashes the clone; `undefined` where the file system cannot. */
async function adoptByClone(
  layout: Layout,
  path: string,
  options: CopyOptions,
  check: (hashes: BlobHashes) => BlobHashes,
): Promise<FoundBlob | undefined> {
  const { fs } = layout;
  const staging = await createStaging(layout);
  const name = `${staging.path}.clone`;
  try {
    await fs.copyFile(await fs.realpath(resolve(path)), name, { reflink: "forced" });
    await fs.chmod(name, 0o644);
    const clone = await fs.open(name, "update");
    try {
      const hashes = check(await hashFile(clone, options));
      await clone.chmod(0o444);
      await clone.sync();
      return await publishBlob(layout, hashes, name);
    } finally {
      await clone.close();
    }
  } catch (error) {
    if (isErrno(error, ...CANNOT_CLONE)) return undefined;
    throw error;
  } finally {
    await fs.unlink(name).catch(() => {});
    await staging.release();
  }
}

function withProgress(options: AdoptOptions, total: number): CopyOptions {
  return {
    signal: options.signal,
    onBytes: (done) => options.onProgress?.({ kind: "progress", done, total }),
  };
}

function checkExpected(options: AdoptOptions, hashes: BlobHashes): void {
  if (options.expected === undefined || options.expected === hashes.digest) return;
  throw digestMismatch(options.expected, hashes.digest, undefined);
}

async function checkUnchanged(file: FsFile, before: FsStat, path: string): Promise<void> {
  const after = await file.stat();
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw sourceChanged(path);
}

function sourceChanged(path: string): StoreError {
  return new StoreError(`${path} changed while it was being read`, {
    kind: "conflict",
    code: "ERR_STORE_SOURCE_CHANGED",
    hint: "Wait until the program that writes it is done, or adopt it by copy.",
    detail: { path },
  });
}
