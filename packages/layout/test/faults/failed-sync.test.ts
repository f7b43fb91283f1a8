import { join } from "node:path";

import { expect, it } from "vitest";

import { type FsFile, type FsPort, isStoreError, nodeFs, openLayout } from "@store/layout";

import { createScratch } from "../scratch.ts";
import { removeRoot } from "./check-store.ts";
import { type Operation, operations } from "./operations.ts";

interface SyncCounter {
  readonly fs: FsPort;
  /** Syncs of files so far. */
  readonly count: number;
  /** Files that were synced again, or given a name, after a sync of theirs had failed. */
  readonly trusted: readonly string[];
}

/**
 * Fails the n-th sync of a file. The kernel has dropped the pages by then and would say that the next
 * sync succeeded, so whatever goes on with that file is wrong.
 */
function failSync(at: number): SyncCounter {
  const trusted: string[] = [];
  const failed = new Set<string>();
  let count = 0;

  function watch(file: FsFile, path: string): FsFile {
    const sync = async (call: () => Promise<void>): Promise<void> => {
      if (failed.has(path)) trusted.push(`synced again: ${path}`);
      count += 1;
      if (count === at) {
        failed.add(path);
        throw Object.assign(new Error("EIO: fsync"), { code: "EIO", errno: -5 });
      }
      await call();
    };
    return { ...file, sync: () => sync(file.sync), datasync: () => sync(file.datasync) };
  }

  const name = (from: string, to: string): void => {
    if (failed.has(from) && !to.includes("quarantine")) trusted.push(`named: ${from}`);
  };
  return {
    fs: {
      ...nodeFs,
      open: async (path, mode, options) => watch(await nodeFs.open(path, mode, options), path),
      async link(existing, path) {
        name(existing, path);
        await nodeFs.link(existing, path);
      },
      async rename(from, to) {
        name(from, to);
        await nodeFs.rename(from, to);
      },
    },
    get count() {
      return count;
    },
    trusted,
  };
}

async function runWithFailure(operation: Operation, at: number): Promise<SyncCounter> {
  const root = join(await createScratch("sync"), "models");
  const prepared = await openLayout(root);
  try {
    await operation.prepare(prepared);
    const counter = failSync(at);
    const layout = await openLayout(root, { fs: counter.fs });
    await operation.run(layout).catch((error: unknown) => {
      if (!isStoreError(error)) throw error;
    });
    return counter;
  } finally {
    await removeRoot(prepared);
  }
}

it.each(operations)("a file whose sync failed is not trusted again: $name", async (operation) => {
  for (let at = 1; ; at += 1) {
    const { count, trusted } = await runWithFailure(operation, at);
    expect(trusted, `sync ${at} failed`).toEqual([]);
    if (count < at) break;
  }
});
