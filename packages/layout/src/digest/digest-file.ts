import type { AbortOptions } from "../abort-options.ts";
import { identifyFile } from "../hashing/hash-file.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { Digest } from "./digest.ts";

/** The identity of a regular file's bytes. Links at the last component are not followed. */
export async function digestFile(
  path: string,
  options: AbortOptions & { readonly fs?: FsPort | undefined } = {},
): Promise<Digest> {
  const file = await (options.fs ?? nodeFs).open(path, "read");
  try {
    return await identifyFile(file, options);
  } finally {
    await file.close();
  }
}
