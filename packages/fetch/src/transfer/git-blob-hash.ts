import { createHash } from "node:crypto";

import type { BlobInfo, BlobReader } from "@store/layout";

/** The name git gives the content of a file: SHA-1 over `blob <size>\0` and the bytes. */
export interface GitBlobHasher {
  update(chunk: Uint8Array): void;
  /** 40 hex digits. Ends the hasher. */
  digest(): string;
}

/** @param size bytes to come, which git hashes first */
export function createGitBlobHasher(size: number): GitBlobHasher {
  const hash = createHash("sha1").update(`blob ${size}\0`);
  return {
    update(chunk) {
      hash.update(chunk);
    },
    digest: () => hash.digest("hex"),
  };
}

/** {@link createGitBlobHasher} of bytes in memory. */
export function gitBlobHash(bytes: Uint8Array): string {
  const hasher = createGitBlobHasher(bytes.length);
  hasher.update(bytes);
  return hasher.digest();
}

/** {@link createGitBlobHasher} of a blob, read back. */
export async function gitBlobHashOf(
  blobs: Pick<BlobReader, "read">,
  blob: Pick<BlobInfo, "digest" | "size">,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hasher = createGitBlobHasher(blob.size);
  for await (const chunk of blobs.read(blob.digest, { signal })) hasher.update(chunk);
  return hasher.digest();
}
