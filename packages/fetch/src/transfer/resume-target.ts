import { digestBytes, type IngestTarget } from "@store/layout";

import type { SourceFile } from "../source.ts";

/**
 * What the bytes of a file are resumed by, or `undefined` where two answers cannot be told to be
 * the same.
 */
export function resumeTargetOf({
  digest,
  gitSha1,
  size,
  validator,
  url,
}: SourceFile): IngestTarget | undefined {
  if (digest !== undefined) return { digest, size };
  if (gitSha1 !== undefined) return { size, key: `git-blob ${gitSha1}`, validator: gitSha1 };
  if (validator === undefined || url === undefined) return undefined;
  // Hashed, since a URL may carry a signature that belongs in no file.
  const key = `url ${digestBytes(new TextEncoder().encode(url))}`;
  return { size, key, validator };
}
