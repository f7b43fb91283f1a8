import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { expect } from "vitest";

import { digestBytes, type Layout, openBlobStore, verifyBlobs } from "@store/layout";
import { collectContent } from "@store/layout/testing";

/** Everything below a directory, as relative paths; empty if it is absent. */
export async function listTree(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  return names.toSorted();
}

/**
 * INV-1 on the disk itself, past all of our code: a file under a blob's final name holds the bytes
 * that name promises. Blobs that were wrong to begin with are left out.
 */
export async function expectRightBytes(
  layout: Layout,
  wrongAtFirst: readonly string[] = [],
): Promise<void> {
  for (const path of await listTree(layout.paths.sha256)) {
    if (basename(path) !== "data") continue;
    const promised = `sha256:${basename(dirname(path))}`;
    if (wrongAtFirst.includes(promised)) continue;
    const full = join(layout.paths.sha256, path);
    expect(digestBytes(await readFile(full)), path).toBe(promised);
    expect((await stat(full)).size).toBeGreaterThan(0);
  }
}

export async function expectPresent(
  layout: Layout,
  contents: readonly Uint8Array[],
): Promise<void> {
  const blobs = openBlobStore(layout);
  for (const bytes of contents) {
    const digest = digestBytes(bytes);
    expect(await blobs.ensureVerified(digest), digest).toMatchObject({ size: bytes.length });
    expect(digestBytes(await collectContent(blobs.read(digest)))).toBe(digest);
  }
}

export async function expectNoFindings(layout: Layout): Promise<void> {
  for await (const finding of verifyBlobs(layout)) expect.fail(finding.message);
}

/** What a failed operation must not leave behind. Partials are kept on purpose. */
export async function leftovers(layout: Layout): Promise<readonly string[]> {
  const tree = await listTree(layout.paths.root);
  return tree.filter((path) => /\.incoming-|\.tmp-|suspect/.test(path));
}

export async function removeRoot(layout: Layout): Promise<void> {
  await rm(dirname(layout.paths.root), { recursive: true, force: true });
}
