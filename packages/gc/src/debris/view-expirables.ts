import { join } from "node:path";

import { type Digest, digestFromHex, type FsPort, ifPresent, type Layout } from "@store/layout";

import type { Expirables } from "../ports.ts";

/** Names, and the manifest each leads to. */
export interface NamedManifests<N> {
  list(): AsyncIterable<{ readonly name: N }>;
  /** Throws where it cannot be read. */
  get(name: N): Promise<{ readonly descriptor: { readonly digest: Digest } } | undefined>;
}

/** Directories of files whose manifest has no name any more. They hold on to bytes a sweep frees. */
export function createViewExpirables<N>(layout: Layout, manifests: NamedManifests<N>): Expirables {
  const { fs, now } = layout;
  const root = join(layout.paths.own, "views");

  /** The manifests that names lead to now; throws where one cannot be read, and nothing goes. */
  async function named(): Promise<ReadonlySet<Digest>> {
    const digests = new Set<Digest>();
    for await (const { name } of manifests.list()) {
      const stored = await manifests.get(name);
      if (stored !== undefined) digests.add(stored.descriptor.digest);
    }
    return digests;
  }

  return {
    kind: "view",
    async *list() {
      const ids = ((await ifPresent(fs.readdir(root))) ?? []).toSorted();
      const views = ids.map((id) => ({ id, digest: digestFromHex(id) }));
      if (!views.some(({ digest }) => digest !== undefined)) return;
      const needed = await named();
      for (const { id, digest } of views) {
        if (digest === undefined || needed.has(digest)) continue;
        const stat = await ifPresent(fs.lstat(join(root, id)));
        if (stat?.kind !== "directory") continue;
        yield { id, ageMs: now() - stat.mtimeMs, bytes: await ownBytes(fs, join(root, id)) };
      }
    },
    async remove(id) {
      const digest = digestFromHex(id);
      if (digest === undefined || (await named()).has(digest)) return;
      if (layout.readOnly !== undefined) throw layout.readOnly;
      await removeTree(fs, join(root, id));
    },
  };
}

/** Bytes that nothing else holds: a hard link of a blob frees none. */
async function ownBytes(fs: FsPort, directory: string): Promise<number> {
  let bytes = 0;
  for (const { name, kind } of (await ifPresent(fs.entries(directory))) ?? []) {
    const path = join(directory, name);
    if (kind === "directory") bytes += await ownBytes(fs, path);
    const stat = kind === "file" ? await ifPresent(fs.lstat(path)) : undefined;
    if (stat?.links === 1) bytes += stat.size;
  }
  return bytes;
}

async function removeTree(fs: FsPort, directory: string): Promise<void> {
  for (const { name, kind } of (await ifPresent(fs.entries(directory))) ?? []) {
    const path = join(directory, name);
    await (kind === "directory" ? removeTree(fs, path) : ifPresent(fs.unlink(path)));
  }
  await ifPresent(fs.rmdir(directory));
}
