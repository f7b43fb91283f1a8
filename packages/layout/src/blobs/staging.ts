import { join } from "node:path";

import { openDirectOr } from "../fs/direct-writes.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import { enterStagingPlace } from "./staging-place.ts";

/** A private file for bytes that cannot be resumed: gone when it is released, unless published. */
export interface Staging {
  readonly path: string;
  readonly file: FsFile;
  /** The same file past the page cache, where the file system can; `file` itself elsewhere. */
  openDirect(): Promise<FsFile>;
  /** Closes what is open; throws what closing throws, because a write may fail as late as that. */
  close(): Promise<void>;
  /**
   * Removes whatever is left. Never throws: a leftover is swept by age.
   *
   * @param published whether `path` is gone, because the file has its lasting name
   */
  release(published?: boolean): Promise<void>;
}

/** Makes `blobs/.incoming-<id>.<owner>/<number>.tmp`. */
export async function createStaging(layout: Layout): Promise<Staging> {
  const { fs } = layout;
  const place = await enterStagingPlace(layout);
  const path = join(place.directory, `${place.number}.tmp`);
  let file: FsFile;
  try {
    file = await fs.open(path, "create", { permissions: 0o644 });
  } catch (error) {
    await place.leave();
    throw error;
  }
  let open = true;
  let direct: Promise<FsFile> | undefined;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    try {
      // One that could not be opened was told to whoever asked for it.
      const opened = await direct?.catch(() => undefined);
      if (opened !== file) await opened?.close();
    } finally {
      await file.close();
    }
  };
  return {
    path,
    file,
    openDirect: () => (direct ??= openDirectOr(fs, path, file)),
    close,
    async release(published = false) {
      await close().catch(() => {});
      if (!published) await fs.unlink(path).catch(() => {});
      await place.leave();
    },
  };
}
