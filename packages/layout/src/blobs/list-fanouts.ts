import { join } from "node:path";

import type { StoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { FsEntry } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import { findLinkAbove, notADirectory } from "./inside-store.ts";

/**
 * Names of the fan-out directories, sorted. What only has such a name, a link out of the store among
 * it, is passed over: `findMisplaced` tells of it.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY` where `blobs/` itself leads elsewhere
 */
export async function listFanouts(layout: Layout): Promise<readonly string[]> {
  const entries = await entriesNamedFanout(layout);
  return entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
}

/** An error for each thing that stands in place of a fan-out directory, so that no blob of it can be seen. */
export async function findMisplaced(layout: Layout): Promise<readonly StoreError[]> {
  const entries = await entriesNamedFanout(layout);
  return entries
    .filter(({ kind }) => kind !== "directory")
    .map(({ name }) => notADirectory(join(layout.paths.sha256, name)));
}

function entriesNamedFanout(layout: Layout): Promise<readonly FsEntry[]> {
  return explaining("list blobs", async () => {
    const link = await findLinkAbove(layout);
    if (link !== undefined) throw notADirectory(link);
    const entries = (await ifPresent(layout.fs.entries(layout.paths.sha256))) ?? [];
    return entries
      .filter(({ name }) => /^[0-9a-f]{2}$/.test(name))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}
