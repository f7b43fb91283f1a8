import { rm } from "node:fs/promises";
import { join } from "node:path";

import { createUrlSource, pull, type UrlSourceOptions } from "@store/fetch";
import { type Digest, openBlobStore, openLayout, openLeaseStore } from "@store/layout";
import { openManifestStore } from "@store/manifest";

/** Pulls a URL into a store, and answers what it cost. */
export async function pullTo(
  root: string,
  url: string,
  digest: Digest,
  options: UrlSourceOptions = {},
): Promise<number> {
  const layout = await openLayout(root);
  const blobs = openBlobStore(layout);
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  const ports = { sources: [createUrlSource(options)], blobs, leases, manifests };
  const { bytesFetched } = await pull(url, ports, { digest });
  return bytesFetched;
}

/** A directory that is not there at the start of each run. */
export function freshDirectory(
  scratch: string,
  name: string,
): { path: string; clear(): Promise<void> } {
  const path = join(scratch, name);
  return { path, clear: () => rm(path, { recursive: true, force: true }) };
}
