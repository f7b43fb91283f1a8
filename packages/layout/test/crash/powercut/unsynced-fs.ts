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
  | "late-file"
  /** What a transfer brings is still in the page cache when its journal is synced. */
  | "early-journal";

/** A file system port on which one mistake is made. */
export function createUnsyncedFs(base: FsPort, mistake: SyncMistake): FsPort {
  const syncsFiles = mistake === "no-directory";
  const syncsDirectories = mistake !== "none" && mistake !== "no-directory";

  let owed = async (): Promise<void> => {};

  /** Only transfers sync data alone; the next whole sync is that of their journal. */
  function syncAfterJournal(file: FsFile): FsFile {
    return {
      ...file,
      async datasync() {
        owed = () => file.datasync();
      },
      async sync() {
        await file.sync();
        const pay = owed;
        owed = async () => {};
        await pay();
      },
    };
  }
  function wrap(file: FsFile): FsFile {
    if (mistake === "early-journal") return syncAfterJournal(file);
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
    async open(path, mode, options) {
      const direct = mistake !== "early-journal" && options?.direct;
      return wrap(await base.open(path, mode, { ...options, direct }));
    },
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
