// The real blob, lease and lock files of a temporary directory, with a small provider of names:
// one file each, a list of digests.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import {
  digestBytes,
  ifPresent,
  type Layout,
  openBlobStore,
  openLeaseStore,
  parseDigest,
  readDocument,
  withSweepLock,
  writeDocument,
} from "@store/layout";

import { type GcPorts, openOrphanRecord, type Root } from "../../src/index.ts";

const utf8 = new TextEncoder();

export function diskPorts(layout: Layout): GcPorts {
  return {
    blobs: openBlobStore(layout),
    roots: () => readNames(layout),
    leases: openLeaseStore(layout),
    withSweepLock: (body) => withSweepLock(layout, body),
    now: layout.now,
    orphans: openOrphanRecord(layout),
  };
}

async function* readNames({ fs, paths }: Layout): AsyncGenerator<Root> {
  for (const file of ((await ifPresent(fs.readdir(paths.manifests))) ?? []).toSorted()) {
    const bytes = await readDocument(fs, join(paths.manifests, file), { bytesMax: 100_000 });
    if (bytes === undefined) continue;
    const lines = new TextDecoder().decode(bytes).split("\n");
    yield { name: decodeURIComponent(file), digests: lines.filter(Boolean).map(parseDigest) };
  }
}

export async function writeName(
  layout: Layout,
  name: string,
  digests: readonly string[],
): Promise<void> {
  await layout.makeDirectory(layout.paths.manifests);
  const path = join(layout.paths.manifests, encodeURIComponent(name));
  await writeDocument(layout.fs, path, utf8.encode(digests.join("\n")), { replace: true });
}

export async function putContent(layout: Layout, content: string): Promise<void> {
  const bytes = utf8.encode(content);
  const expected = { digest: digestBytes(bytes), size: bytes.length };
  await openBlobStore(layout).put(expected, bytes);
}

/** Every file below a root with its content; locks come and go and are left out. */
export async function readTree(root: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (path.includes(join(".store", "locks"))) continue;
    files.set(path.slice(root.length), entry.isFile() ? await readFile(path, "latin1") : "");
  }
  return new Map([...files].sort());
}
