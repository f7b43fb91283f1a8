import type { BlobInfo } from "../blobs/blob-reader.ts";
import { notKept } from "../blobs/blob-errors.ts";
import { ensureVerified } from "../blobs/ensure-verified.ts";
import { publishBlob } from "../blobs/publish-blob.ts";
import { mismatch } from "../blobs/put-blob.ts";
import type { Digest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import type { Layout } from "../root/layout.ts";
import { ingestedInfo } from "./ingested-info.ts";
import type { JournalHeader } from "./journal.ts";
import type { Partial } from "./partial.ts";

/** Judges a complete partial by its hashes, then makes it durable and publishes it. */
export async function finishIngest(
  layout: Layout,
  { header, partial }: { readonly header: JournalHeader; readonly partial: Partial },
  hashes: BlobHashes,
): Promise<BlobInfo> {
  if (header.digest !== undefined && hashes.digest !== header.digest) {
    await partial.close();
    const error = await mismatch(layout, partial.dataPath, header.digest, hashes);
    await partial.remove();
    throw error;
  }
  const { digest } = hashes;
  const { size } = hashes.chunks;
  const file = await partial.file.stat();
  if (file.size !== size) throw notKept(size, file.size);
  const named = await ifPresent(layout.fs.lstat(partial.dataPath));
  if (named?.inode !== file.inode) return foundInstead(layout, digest, partial);
  try {
    await partial.file.chmod(0o444);
    await partial.file.sync();
    await partial.close();
  } catch (error) {
    // A failed sync is a failed file.
    await partial.remove();
    throw error;
  }
  const found = await publishBlob(layout, hashes, partial.dataPath);
  await partial.remove();
  return ingestedInfo(digest, found);
}

/** Our directory was taken away. If that was because the blob arrived another way, all is well. */
async function foundInstead(layout: Layout, digest: Digest, partial: Partial): Promise<BlobInfo> {
  await partial.remove();
  const found = await ensureVerified(layout, digest);
  if (found === undefined) throw ingestLost(digest, TAKEN_AWAY);
  return ingestedInfo(digest, found);
}

export const TAKEN_AWAY = "another program took its directory over";

export function ingestLost(what: string, why: string): StoreError {
  return new StoreError(`the transfer of blob ${what} cannot go on: ${why}`, {
    kind: "conflict",
    code: "ERR_STORE_INGEST_LOST",
    hint: "Run the command again; what was recorded before is kept.",
    detail: { blob: what },
  });
}
