import type { Digest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";

/** What stands where a directory on the way to a blob should: a link, as a rule. */
export async function findLink(layout: Layout, digest: Digest): Promise<string | undefined> {
  const { fs, paths } = layout;
  for (const path of [paths.fanout(digest), paths.blobDirectory(digest)]) {
    const stat = await ifPresent(fs.lstat(path));
    if (stat !== undefined && stat.kind !== "directory") return path;
  }
  return undefined;
}

/**
 * Asked before anything in a blob's directory is changed: a file of somebody else's must not be
 * moved or removed because a link made it look like a blob.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function mustBeInside(layout: Layout, digest: Digest): Promise<void> {
  const path = await findLink(layout, digest);
  if (path === undefined) return;
  throw new StoreError(`not a directory: ${path}`, {
    kind: "corrupt",
    code: "ERR_STORE_NOT_A_DIRECTORY",
    hint: "Look at what it is, then move it away.",
    detail: { path },
  });
}
