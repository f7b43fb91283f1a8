import { join } from "node:path";

import { isOwnDirectory } from "../blobs/inside-store.ts";
import { type Digest, digestFromHex, digestHex } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { recordBoot } from "./boot-records.ts";

/**
 * Marks say where trash may be: an empty file for each trash name, made before it and removed after
 * it. They spare a sweep a look into every blob's directory. No byte depends on one: a mark without
 * trash costs a look, and trash without a mark is found by the walks of `listTrash`, at once where a
 * power cut may have taken the mark (see `recordBoot`).
 */
const markPath = (layout: Layout, digest: Digest, id: string): string =>
  join(layout.paths.trashed, `${digestHex(digest)}.${id}`);

/** @param id what follows `data.trash-` */
export async function markTrash(layout: Layout, digest: Digest, id: string): Promise<void> {
  try {
    await layout.makeDirectory(layout.paths.trashed);
    await recordBoot(layout);
    const path = markPath(layout, digest, id);
    await (await layout.fs.open(path, "create", { permissions: 0o644 })).close();
  } catch (error) {
    // On a full disk a sweep is what helps, and a shared store may keep its `.store/` to one user.
    if (isStoreError(error) && error.kind !== "exhausted") throw error;
    const known = ["EEXIST", "ENOSPC", "EDQUOT", "EACCES", "EPERM"];
    if (!isStoreError(error) && !isErrno(error, ...known)) throw error;
  }
}

/** Best effort: a mark that stays costs every sweep one look. */
export async function unmarkTrash(layout: Layout, digest: Digest, id: string): Promise<void> {
  await layout.fs.unlink(markPath(layout, digest, id)).catch(() => {});
}

/** Blobs that marks name, whether or not there is trash of them. */
export async function listMarked(layout: Layout): Promise<ReadonlySet<Digest>> {
  const isThere = await isOwnDirectory(layout, layout.paths.trashed);
  const names = isThere ? await namesIn(layout.fs, layout.paths.trashed) : [];
  const digests = names.map((name) => digestFromHex(name.split(".")[0] ?? ""));
  return new Set(digests.filter((digest) => digest !== undefined));
}
