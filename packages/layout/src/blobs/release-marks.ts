import { join } from "node:path";

import { type Digest, digestHex } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent, lstatIfPresent } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { isOwnDirectory } from "./inside-store.ts";

/** A mark is an empty file: only its name counts, and losing one costs a day's wait, never a byte. */
export const markPath = (layout: Pick<Layout, "paths">, digest: Digest): string =>
  join(layout.paths.released, digestHex(digest));

/** In a store that several users share, a mark or the directory of marks may be another's. */
const NOT_OURS = ["EACCES", "EPERM"];

/** Whether the last name of a blob was removed on purpose, wherever its bytes are. */
export async function isReleased(
  layout: Pick<Layout, "fs" | "paths">,
  digest: Digest,
): Promise<boolean> {
  const mark = await explaining("look for the mark of a released blob", () =>
    lstatIfPresent(layout.fs, markPath(layout, digest)),
  );
  return mark !== undefined;
}

/**
 * Marks blobs, so that a sweep need not wait for them to grow old. Where `.store/` is another user's
 * they wait all the same.
 */
export async function releaseBlobs(layout: Layout, digests: Iterable<Digest>): Promise<void> {
  for (const digest of new Set(digests)) {
    try {
      await layout.makeDirectory(layout.paths.released);
      const file = await layout.fs.open(markPath(layout, digest), "create", { permissions: 0o644 });
      await file.close();
    } catch (error) {
      if (!isErrno(error, "EEXIST", ...NOT_OURS)) throw error;
    }
  }
}

/** Takes marks away. One of another user stays, and says nothing while a name needs the blob. */
export async function retainBlobs(layout: Layout, digests: Iterable<Digest>): Promise<void> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  if (!(await isOwnDirectory(layout, layout.paths.released))) return;
  for (const digest of new Set(digests)) {
    try {
      await ifPresent(layout.fs.unlink(markPath(layout, digest)));
    } catch (error) {
      if (!isErrno(error, ...NOT_OURS)) throw error;
    }
  }
}
