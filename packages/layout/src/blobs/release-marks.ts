import { join } from "node:path";

import { type Digest, digestHex } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { isOwnDirectory } from "./inside-store.ts";

/** A mark is an empty file: only its name counts, and losing one costs a day's wait, never a byte. */
const markPath = (layout: Pick<Layout, "paths">, digest: Digest): string =>
  join(layout.paths.released, digestHex(digest));

/** Whether the last name of a blob was removed on purpose, wherever its bytes are. */
export async function isReleased(
  layout: Pick<Layout, "fs" | "paths">,
  digest: Digest,
): Promise<boolean> {
  const mark = await explaining("look for the mark of a released blob", () =>
    ifPresent(layout.fs.lstat(markPath(layout, digest))),
  );
  return mark !== undefined;
}

export async function releaseBlobs(layout: Layout, digests: Iterable<Digest>): Promise<void> {
  for (const digest of new Set(digests)) {
    await layout.makeDirectory(layout.paths.released);
    try {
      const file = await layout.fs.open(markPath(layout, digest), "create", { permissions: 0o644 });
      await file.close();
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
    }
  }
}

export async function retainBlobs(layout: Layout, digests: Iterable<Digest>): Promise<void> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  if (!(await isOwnDirectory(layout, layout.paths.released))) return;
  for (const digest of new Set(digests))
    await ifPresent(layout.fs.unlink(markPath(layout, digest)));
}
