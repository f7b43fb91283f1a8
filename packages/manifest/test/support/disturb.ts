import { join } from "node:path";

import { type BlobStore, type FsPort, openBlobStore, openLeaseStore } from "@store/layout";

import { type ManifestStore, openManifestStore } from "../../src/index.ts";
import { quickFs } from "./quick-fs.ts";
import type { TestStore } from "./test-store.ts";

/** The store as another program has it whose calls are watched and preceded by something else. */
export async function disturb(
  store: TestStore,
  before: (operation: keyof FsPort | "read", path: string) => Promise<void>,
  wrap: (blobs: BlobStore) => BlobStore = (blobs) => blobs,
): Promise<ManifestStore> {
  const named = join(store.root, "manifests");
  const watch =
    <A extends readonly string[], R>(operation: keyof FsPort, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const path = args.at(operation === "open" ? 0 : -1) ?? "";
      if (path.startsWith(named)) await before(operation, path);
      return call(...args);
    };
  const fs: FsPort = {
    ...quickFs,
    open: async (path, mode, options) => {
      if (path.startsWith(named) && mode === "create") await before("open", path);
      if (path.startsWith(named) && mode === "read") await before("read", path);
      return quickFs.open(path, mode, options);
    },
    rename: watch("rename", quickFs.rename),
    link: watch("link", quickFs.link),
    unlink: watch("unlink", quickFs.unlink),
    syncDirectory: watch("syncDirectory", quickFs.syncDirectory),
  };
  const layout = await store.temporary.reopen({ fs });
  const blobs = wrap(openBlobStore(layout));
  return openManifestStore(layout, { blobs, leases: openLeaseStore(layout) });
}
