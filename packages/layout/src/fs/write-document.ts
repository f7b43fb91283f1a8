import { dirname, join } from "node:path";

import type { FsPort } from "./fs-port.ts";
import { publish, type PublishOptions } from "./publish.ts";
import { temporaryName } from "./temporary-name.ts";
import { writeFully } from "./write-fully.ts";

/**
 * Writes a small file so that a reader, at any instant and after any crash, sees the old one or
 * the new one whole. The directory must exist.
 *
 * @returns whether this call gave the name (see {@link publish})
 */
export async function writeDocument(
  fs: FsPort,
  path: string,
  bytes: Uint8Array,
  options: PublishOptions,
): Promise<boolean> {
  const temporary = join(dirname(path), temporaryName());
  const file = await fs.open(temporary, "create");
  let named = false;
  try {
    try {
      await writeFully(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    named = await publish(fs, temporary, path, options);
    return named;
  } finally {
    // Best effort: a leftover is ignored by every listing and swept by age.
    if (!named) await fs.unlink(temporary).catch(() => {});
  }
}
