import type { BlobInfo } from "../blobs/blob-reader.ts";
import type { CommitOptions } from "../blobs/blob-store.ts";
import { notKept } from "../blobs/blob-errors.ts";
import { ensureVerified } from "../blobs/ensure-verified.ts";
import { publishBlob } from "../blobs/publish-blob.ts";
import { mismatch } from "../blobs/put-blob.ts";
import type { Digest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { BlobHashes } from "../hashing/blob-hasher.ts";
import { replaceBlob } from "../repair/replace-blob.ts";
import type { WrongFile } from "../repair/wrong-file.ts";
import type { Layout } from "../root/layout.ts";
import { ingestedInfo } from "./ingested-info.ts";
import type { JournalHeader } from "./journal.ts";
import type { Partial } from "./partial.ts";

export interface FinishedParts {
  readonly header: JournalHeader;
  readonly partial: Partial;
  /** The file the bytes are to replace, of a repair. */
  readonly replaces?: WrongFile | undefined;
}

/** Judges a complete partial by its hashes, then makes it durable and publishes it. */
export async function finishIngest(
  layout: Layout,
  { header, partial, replaces }: FinishedParts,
  hashes: BlobHashes,
  { origin }: Pick<CommitOptions, "origin"> = {},
): Promise<BlobInfo> {
  if (header.digest !== undefined && hashes.digest !== header.digest) {
    await partial.close();
    const error = await mismatch(layout, partial.dataPath, header.digest, hashes, origin);
    await partial.remove();
    throw error;
  }
  const { digest } = hashes;
  const { size } = hashes.chunks;
  const file = await partial.file.stat();
  if (file.size !== size) throw notKept(size, file.size);
  const named = await ifPresent(layout.fs.lstat(partial.dataPath));
  if (named?.inode !== file.inode) return foundInstead(layout, digest, partial, replaces);
  try {
    await partial.file.chmod(0o444);
    await partial.file.sync();
    await partial.close();
  } catch (error) {
    // A failed sync is a failed file.
    await partial.remove();
    throw error;
  }
  const found =
    replaces === undefined
      ? await publishBlob(layout, hashes, partial.dataPath)
      : await replaceBlob(layout, hashes, partial.dataPath, replaces);
  await partial.remove();
  return ingestedInfo(digest, found);
}

/** Our directory was taken away. If that was because the blob arrived another way, all is well. */
async function foundInstead(
  layout: Layout,
  digest: Digest,
  partial: Partial,
  replaces: WrongFile | undefined,
): Promise<BlobInfo> {
  await partial.remove();
  // What a repair was to replace may pass for verified.
  const found = replaces === undefined ? await ensureVerified(layout, digest) : undefined;
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
