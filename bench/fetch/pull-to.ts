import { rm } from "node:fs/promises";
import { join } from "node:path";

import {
  createHuggingFaceSource,
  createUrlSource,
  pull,
  type PullOptions,
  type PullResult,
  type Source,
  type UrlSourceOptions,
} from "@store/fetch";
import { type Digest, openBlobStore, openLayout, openLeaseStore } from "@store/layout";
import { openManifestStore } from "@store/manifest";

/** Pulls a URL into a store. */
export const pullUrl = (
  root: string,
  url: string,
  digest: Digest,
  options: UrlSourceOptions = {},
  pullOptions: PullOptions = {},
): Promise<PullResult> => pullTo(root, createUrlSource(options), url, { ...pullOptions, digest });

/** Pulls a repository of a hub into a store. */
export const pullHub = (root: string, endpoint: string, repo: string): Promise<PullResult> =>
  pullTo(root, createHuggingFaceSource({ endpoint }), `hf://${repo}`);

async function pullTo(
  root: string,
  source: Source,
  location: string,
  options: PullOptions = {},
): Promise<PullResult> {
  const layout = await openLayout(root);
  const blobs = openBlobStore(layout);
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  return pull(location, { sources: [source], blobs, leases, manifests }, options);
}

/** A directory that is not there at the start of each run. */
export function freshDirectory(
  scratch: string,
  name: string,
): { path: string; clear(): Promise<void> } {
  const path = join(scratch, name);
  return { path, clear: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Another directory for each run, none of which is removed before the end. A file system without a
 * journal passes over what was freed in the last minutes, inode by inode, so that removing thousands
 * of files would slow whatever makes new ones next.
 */
export function nextDirectories(
  scratch: string,
  name: string,
): { readonly path: string; next(): Promise<void> } {
  let count = 0;
  return {
    get path() {
      return join(scratch, `${name}-${count}`);
    },
    async next() {
      count += 1;
    },
  };
}
