import { join } from "node:path";

import {
  type FsPort,
  ifPresent,
  isErrno,
  type Layout,
  quarantineFile,
  temporaryName,
  writeDocument,
} from "@store/layout";

import { packPath } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";

/**
 * Puts a good table in the place of a wrong one, or of none. The wrong one goes to quarantine under
 * a further name of it (INV-8), so that at no instant the pack lacks an index and counts as debris.
 */
export async function replaceTable(
  layout: Layout,
  id: PackId,
  kind: "idx" | "ids",
  bytes: Uint8Array,
): Promise<void> {
  const { fs, paths } = layout;
  const path = packPath(layout, id, kind);
  const reason = `${kind}-damaged`;
  const found = await ifPresent(fs.lstat(path));
  if (found?.kind === "file") {
    const other = join(paths.packs, temporaryName());
    await nameAgain(fs, path, other);
    await quarantineFile(layout, other, { reason });
  } else if (found !== undefined) {
    await quarantineFile(layout, path, { reason });
  }
  await writeDocument(fs, path, bytes, { replace: true });
}

async function nameAgain(fs: FsPort, path: string, other: string): Promise<void> {
  try {
    await fs.link(path, other);
  } catch (error) {
    // No hard links here.
    if (!isErrno(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"))
      throw error;
    await fs.copyFile(path, other);
  }
}
