import { digestHex } from "@store/layout";
import { filesOf, type ImageManifest } from "@store/manifest";

import type { SourceFile } from "../../source.ts";
import { blobUrl } from "./registry-location.ts";

/**
 * Everything a manifest needs, as files: the layers under the names they have, and under its digest
 * whatever has none (the configuration, layers of unknown kind), since a manifest is of use only
 * with all its blobs.
 */
export function manifestFiles(
  manifest: ImageManifest,
  { origin, repository }: { readonly origin: string; readonly repository: string },
): readonly SourceFile[] {
  const named = filesOf(manifest);
  const seen = new Set(named.map(({ digest }) => digest));
  const files: SourceFile[] = named.map(({ path, digest, size }) => ({ path, digest, size }));
  for (const { digest, size } of [manifest.config ?? [], manifest.layers].flat()) {
    if (seen.has(digest)) continue;
    seen.add(digest);
    files.push({ path: `sha256-${digestHex(digest)}`, digest, size });
  }
  return files
    .map((file) => ({
      ...file,
      ...(file.digest === undefined ? {} : { url: blobUrl(origin, repository, file.digest) }),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
