import type { FoundBlob } from "../blobs/find-blob.ts";
import { publishBlob, writeSidecar } from "../blobs/publish-blob.ts";
import { ifPresent } from "../fs/absence.ts";
import { publish } from "../fs/publish.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { quarantineFile, quarantineLink } from "../quarantine/quarantine.ts";
import type { Layout } from "../root/layout.ts";
import { removeChunkMap } from "../sidecars/chunk-sidecar.ts";
import type { WrongFile } from "./wrong-file.ts";

/**
 * Puts verified and synced bytes in the place of wrong ones. The wrong ones get a name in quarantine
 * first (INV-8), then a rename replaces them: a reader finds the one or the other at every instant.
 * Without hard links the blob is absent in between.
 *
 * @param temporary a complete, synced file of mode 0444; its name is gone afterwards
 */
export async function replaceBlob(
  layout: Layout,
  hashes: BlobHashes,
  temporary: string,
  wrong: WrongFile,
): Promise<FoundBlob> {
  const { fs } = layout;
  const { digest, chunks } = hashes;
  const path = layout.paths.blob(digest);
  const named = await ifPresent(fs.lstat(path));
  if (named?.inode !== wrong.inode) {
    // Somebody else put it right, or took it away and may give it back: what once was vouched for is
    // hashed again if it stands in the way.
    await removeChunkMap(layout, digest);
    return publishBlob(layout, hashes, temporary);
  }
  const why = { reason: "digest-mismatch", expected: digest, actual: wrong.actual };
  if (!(await quarantineLink(layout, path, why))) {
    await removeChunkMap(layout, digest);
    await ifPresent(quarantineFile(layout, path, why));
    return publishBlob(layout, hashes, temporary);
  }
  await publish(fs, temporary, path, { replace: true });
  // The old sums are older than the new file, so they vouch for nothing until they are written anew.
  await writeSidecar(layout, digest, chunks);
  return { path, stat: await fs.lstat(path) };
}
