import { join, sep } from "node:path";

import {
  type Digest,
  digestHex,
  isStoreError,
  type Layout,
  materialize,
  type Materialized,
  quarantineFile,
  StoreError,
} from "@store/layout";
import { formatName, type ModelFile, type StoredManifest } from "@store/manifest";

import type { Store } from "../open-store.ts";

/** Where models lie under the names of their files: `.store/views/`. */
function viewsPath({ paths }: Layout): string {
  return join(paths.own, "views");
}

/**
 * The directory of one manifest's files. Named after the manifest, so that a model that changes
 * gets another one and what a runtime has open stays whole.
 */
export function viewPath(layout: Layout, manifest: Digest): string {
  return join(viewsPath(layout), digestHex(manifest));
}

export interface ViewOptions {
  readonly signal: AbortSignal;
}

/**
 * Puts files of a model side by side under their names. They share the blobs' bytes, so this costs
 * no space; doing it again changes nothing. Files must be verified by the caller.
 *
 * A file that holds other bytes than it should (it was written to, or is another name of a blob that
 * went to quarantine) goes to quarantine itself (INV-8) and is made anew.
 */
export async function makeView(
  { layout, blobs }: Store,
  manifest: Digest,
  files: readonly ModelFile[],
  options: ViewOptions,
): Promise<readonly Materialized[]> {
  const directory = viewPath(layout, manifest);
  await layout.makeDirectory(directory, { lasting: false });
  for (let wrong = 0; ; wrong += 1) {
    try {
      return await materialize(blobs, files, directory, {
        ...options,
        fs: layout.fs,
        // A hard link first: it is known again by its identity, where a reflink must be read whole.
        modes: ["hardlink", "reflink", "copy"],
      });
    } catch (error) {
      if (!isStoreError(error, "ERR_STORE_TARGET_TAKEN") || wrong === files.length) throw error;
      const { path } = error.detail;
      if (typeof path !== "string" || !path.startsWith(directory + sep)) throw error;
      await quarantineFile(layout, path, { reason: "view-changed" });
    }
  }
}

/**
 * Makes sure that every file is here with the bytes it should have; a blob that another tool wrote
 * is hashed now, and a wrong one goes to quarantine.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_BLOB_MISSING`
 */
export async function ensureFiles(
  { blobs }: Store,
  { name }: StoredManifest,
  files: readonly ModelFile[],
  options: ViewOptions,
): Promise<void> {
  for (const { path, digest } of files) {
    if ((await blobs.ensureVerified(digest, options)) !== undefined) continue;
    const text = formatName(name);
    throw new StoreError(`${path} of ${text} is missing: the store does not have blob ${digest}`, {
      kind: "not-found",
      code: "ERR_STORE_MANIFEST_BLOB_MISSING",
      hint: "Pull the model again.",
      detail: { name: text, path, digest },
    });
  }
}
