import type { Digest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";
import { ifPresent, lstatIfPresent } from "../fs/absence.ts";
import type { BlockingFs } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";

/** Layouts whose `blobs/sha256/` was seen to be a directory of the store: one look is enough for it. */
const seen = new WeakSet<Layout>();

/** What stands where `blobs/` or `blobs/sha256/` should: a link, as a rule. */
export async function findLinkAbove(layout: Layout): Promise<string | undefined> {
  const { blobs, sha256 } = layout.paths;
  if (seen.has(layout)) return undefined;
  const { link, last } = await walk(layout, [blobs, sha256]);
  if (last === sha256) seen.add(layout);
  return link;
}

/**
 * Whether there is a directory of a blob, in one go; `undefined` where that takes a closer look, as a
 * link does.
 */
export function seeInside(layout: Layout, fs: BlockingFs, digest: Digest): boolean | undefined {
  const { paths } = layout;
  if (!seen.has(layout)) return undefined;
  for (const path of [paths.fanout(digest), paths.blobDirectory(digest)]) {
    const stat = fs.lstat(path);
    if (stat === undefined) return false;
    if (stat.kind !== "directory") return undefined;
  }
  return true;
}

/** What stands where a directory on the way to a blob should. */
export async function findLink(layout: Layout, digest: Digest): Promise<string | undefined> {
  return (await walkTo(layout, digest)).link;
}

/** As {@link walk}, all the way to the directory of a blob. */
async function walkTo(layout: Layout, digest: Digest): Promise<Walked> {
  const { paths } = layout;
  const link = await findLinkAbove(layout);
  if (link !== undefined) return { link };
  return walk(layout, [paths.fanout(digest), paths.blobDirectory(digest)]);
}

interface Walked {
  /** What stands where a directory should. */
  readonly link?: string;
  /** The last directory that is there. */
  readonly last?: string | undefined;
}

/** Goes down as far as there are directories. */
async function walk({ fs }: Layout, way: readonly string[]): Promise<Walked> {
  let last: string | undefined;
  for (const path of way) {
    const stat = await lstatIfPresent(fs, path);
    if (stat === undefined) break;
    if (stat.kind !== "directory") return { link: path };
    last = path;
  }
  return { last };
}

/**
 * Asked before anything in a blob's directory is read or changed: a file of somebody else's must not
 * be shown, moved or removed because a link made it look like a blob.
 *
 * @returns whether there is such a directory; without one there is no file of the blob either
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function mustBeInside(layout: Layout, digest: Digest): Promise<boolean> {
  const { link, last } = await walkTo(layout, digest);
  if (link !== undefined) throw notADirectory(link);
  return last === layout.paths.blobDirectory(digest);
}

/**
 * Whether a directory of our own is there. Asked before anything in it is read or removed by name: a
 * link must not make what somebody keeps elsewhere look like ours.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function isOwnDirectory({ fs }: Layout, path: string): Promise<boolean> {
  const stat = await ifPresent(fs.lstat(path));
  if (stat !== undefined && stat.kind !== "directory") throw notADirectory(path);
  return stat !== undefined;
}

/** The error of something else, a link as a rule, where a directory of the store belongs. */
export function notADirectory(path: string): StoreError {
  return new StoreError(`not a directory: ${path}`, {
    kind: "corrupt",
    code: "ERR_STORE_NOT_A_DIRECTORY",
    hint: "Look at what it is, then move it away.",
    detail: { path },
  });
}
