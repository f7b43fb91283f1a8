import type { FsEntry, FsPort } from "@store/layout";

import { ifThere, isAbsence } from "./absent.ts";

/** Two ways to learn what a directory holds. One that is gone by now holds nothing. */
export interface DirectoryLister {
  /** Holds the thread. Absent where nothing can block. */
  readonly blocking: ((path: string) => readonly FsEntry[]) | undefined;
  readonly waiting: (path: string) => Promise<readonly FsEntry[]>;
}

export function createDirectoryLister(fs: FsPort): DirectoryLister {
  const { blocking } = fs;
  return {
    blocking: blocking && ((path) => listNow(() => blocking.entries(path))),
    waiting: async (path) => (await ifThere(fs.entries(path))) ?? [],
  };
}

function listNow(question: () => readonly FsEntry[]): readonly FsEntry[] {
  try {
    return question();
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
