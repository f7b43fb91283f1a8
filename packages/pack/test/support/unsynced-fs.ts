import { type FsPort, nodeFs } from "@store/layout";

/**
 * The machine's file system without its syncs. They cost most of the time of a test that writes
 * hundreds of packs, and change nothing such a test can see: a process that ends leaves its writes
 * to the system. A faulty file system on top still counts them, and fails them.
 */
export const unsyncedFs: FsPort = {
  ...nodeFs,
  async open(...args) {
    const file = await nodeFs.open(...args);
    return { ...file, sync: async () => {}, datasync: async () => {} };
  },
  syncDirectory: async () => {},
};
