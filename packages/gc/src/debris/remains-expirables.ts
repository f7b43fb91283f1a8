import { join } from "node:path";

import { type Digest, explaining, ifPresent, isDigest, isErrno, type Layout } from "@store/layout";

import type { Expirable, Expirables } from "../ports.ts";

/** What may lie in a blob's directory and is worth nothing without the blob. */
const WORTHLESS = /^(?:chunks|origins\.jsonl|\.tmp-[0-9a-f]{16})$/;

/**
 * Directories of blobs that are gone: what a process leaves that dies between unlinking a blob and
 * removing its directory, or between making one and publishing into it. Found among the digests that
 * a snapshot saw listed and absent, so that nothing is looked at twice.
 */
export function createRemainsExpirables(layout: Layout): Expirables {
  const { fs, paths } = layout;

  /** Names in the directory of a blob, if they are all of no worth. */
  async function remainsOf(digest: Digest): Promise<readonly string[] | undefined> {
    try {
      const names = await ifPresent(fs.readdir(paths.blobDirectory(digest)));
      return names?.every((name) => WORTHLESS.test(name)) === true ? names : undefined;
    } catch (error) {
      // Not a directory, or not ours to read.
      if (isErrno(error, "ENOTDIR", "EACCES", "EPERM")) return undefined;
      throw error;
    }
  }

  async function describe(digest: Digest): Promise<Expirable | undefined> {
    const directory = paths.blobDirectory(digest);
    const names = await remainsOf(digest);
    const stat = await ifPresent(fs.lstat(directory));
    if (names === undefined || stat?.kind !== "directory") return undefined;
    let bytes = 0;
    for (const name of names) {
      bytes += (await ifPresent(fs.lstat(join(directory, name))))?.size ?? 0;
    }
    return { id: digest, ageMs: layout.now() - stat.mtimeMs, bytes };
  }

  async function removeRemains(digest: Digest): Promise<void> {
    const directory = paths.blobDirectory(digest);
    for (const name of (await remainsOf(digest)) ?? []) {
      await ifPresent(fs.unlink(join(directory, name)));
    }
    try {
      await ifPresent(fs.rmdir(directory));
    } catch (error) {
      // Somebody publishes there again.
      if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) throw error;
    }
  }

  return {
    kind: "remains",
    async *list({ absent = [] } = {}) {
      for (const digest of absent) {
        const item = await explaining("look at what is left of a blob", () => describe(digest));
        if (item !== undefined) yield item;
      }
    },
    async remove(id) {
      if (!isDigest(id)) throw new TypeError(`not a digest: ${id}`);
      if (layout.readOnly !== undefined) throw layout.readOnly;
      await explaining("remove what is left of a blob", () => removeRemains(id));
    },
  };
}
