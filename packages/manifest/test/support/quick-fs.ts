import { type FsPort, nodeFs } from "@store/layout";

const nothing = async (): Promise<void> => {};

/**
 * The machine's own file system without waiting for its disk. What survives a power cut is decided
 * by the order of calls, which tests see all the same.
 */
export const quickFs: FsPort = {
  ...nodeFs,
  async open(path, mode, options) {
    const file = await nodeFs.open(path, mode, options);
    return { ...file, sync: nothing, datasync: nothing };
  },
  syncDirectory: nothing,
};
