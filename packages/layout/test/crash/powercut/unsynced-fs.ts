import type { FsFile, FsPort } from "@store/layout";

/** Mistakes with durability that the power-cut suite must find. */
export type SyncMistake =
  /** Nothing is ever synced. */
  | "none"
  /** Names are synced, contents are not. */
  | "no-file"
  /** Contents are synced, names are not. */
  | "no-directory"
  /** Contents are synced only once they have their final name. */
  | "late-file";

/** A file system port on which one mistake is made. */
export function createUnsyncedFs(base: FsPort, mistake: SyncMistake): FsPort {
  const syncsFiles = mistake === "no-directory";
  const syncsDirectories = mistake === "no-file" || mistake === "late-file";

  function wrap(file: FsFile): FsFile {
    return syncsFiles ? file : { ...file, sync: async () => {}, datasync: async () => {} };
  }
  async function syncLate(path: string): Promise<void> {
    if (mistake !== "late-file") return;
    const file = await base.open(path, "read");
    try {
      if ((await file.stat()).kind === "file") await file.sync();
    } finally {
      await file.close();
    }
  }
  return {
    ...base,
    open: async (path, mode, options) => wrap(await base.open(path, mode, options)),
    async link(existing, path) {
      await base.link(existing, path);
      await syncLate(path);
    },
    async rename(from, to) {
      await base.rename(from, to);
      await syncLate(to);
    },
    syncDirectory: syncsDirectories ? (path) => base.syncDirectory(path) : async () => {},
  };
}
