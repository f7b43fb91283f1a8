import { chmod, open, utimes } from "node:fs/promises";

import { type Digest, type Layout, nodeFs } from "@store/layout";

/** What a bad disk does: one other bit, and nothing that says so. */
export async function damageBlob(layout: Layout, digest: Digest, offset: number): Promise<void> {
  const path = layout.paths.blob(digest);
  const { mtimeMs } = await nodeFs.lstat(path);
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  await file.write(new Uint8Array([(byte[0] ?? 0) ^ 1]), 0, 1, offset);
  await file.close();
  await chmod(path, 0o444);
  await utimes(path, mtimeMs / 1000, mtimeMs / 1000);
}
