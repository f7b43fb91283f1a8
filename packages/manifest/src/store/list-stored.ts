import {
  type AbortOptions,
  asStoreError,
  type ErrorKind,
  type FsPort,
  isStoreError,
} from "@store/layout";

import { formatName } from "../name/format-name.ts";
import type { ListedManifest } from "./manifest-store.ts";
import { readWalked } from "./read-walked.ts";
import { walkManifests } from "./walk-manifests.ts";

/** What may be wrong with one name and none of the others. */
const OF_ONE_NAME: ReadonlySet<ErrorKind> = new Set(["corrupt", "unsupported", "denied"]);

/** Every name with what it holds, ascending. */
export async function* listStored(
  fs: FsPort,
  root: string,
  options: AbortOptions,
): AsyncGenerator<ListedManifest> {
  for await (const walked of walkManifests(fs, root, options)) {
    const files = walked.filter((file) => file.kind === "name");
    for await (const read of readWalked(fs, files, options)) {
      if ("gone" in read) continue;
      const { name, path } = read.file;
      const entry = { name, path };
      if ("stored" in read) {
        yield { entry, stored: read.stored, modifiedAtMs: read.modifiedAtMs };
        continue;
      }
      options.signal?.throwIfAborted();
      const error = asStoreError(read.error, `read ${formatName(name)}`, path);
      if (!isStoreError(error) || !OF_ONE_NAME.has(error.kind)) throw error;
      yield { entry, error };
    }
  }
}
