import { join } from "node:path";

import { type Digest, type FsPort, isReleased, type Layout, type StoreError } from "@store/layout";

import { type PackFileKind, packFileName, type PackId } from "./pack-id.ts";

/** Any directory of packs: a store's own, or another tool's. */
export interface PackDirectory {
  readonly fs: FsPort;
  readonly dir: string;
  /** Makes `dir` durably. Needed for writing only. */
  readonly makeDirectory?: (path: string) => Promise<void>;
  /** Why nothing may be written, if nothing may. */
  readonly readOnly?: StoreError | undefined;
  /** Whether the last name of a blob was removed on purpose. */
  readonly isReleased?: (digest: Digest) => Promise<boolean>;
}

/** Where packs are: an opened store, which keeps them in `packs/`, or a directory. */
export type PackHome = PackDirectory | Pick<Layout, "fs" | "paths" | "makeDirectory" | "readOnly">;

export function packDirectoryOf(home: PackHome): PackDirectory {
  if ("dir" in home) return home;
  return {
    fs: home.fs,
    dir: home.paths.packs,
    makeDirectory: (path) => home.makeDirectory(path),
    readOnly: home.readOnly,
    isReleased: (digest) => isReleased(home, digest),
  };
}

/** The path of one of a pack's files. */
export function packPath(home: PackHome, id: PackId, kind: PackFileKind): string {
  return join(packDirectoryOf(home).dir, packFileName(id, kind));
}
