import { dirname, join } from "node:path";

import type { FsPort, FsStat } from "./fs-port.ts";
import { publish, type PublishOptions } from "./publish.ts";
import { temporaryName } from "./temporary-name.ts";
import { writeFully } from "./write-fully.ts";

export interface WriteDocumentOptions extends PublishOptions {
  /**
   * Called when the file is whole and durable, right before it gets its name, with what it is. If
   * it throws, the name stays as it was.
   */
  readonly beforeNaming?: ((file: FsStat) => Promise<void>) | undefined;
}

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
  options: WriteDocumentOptions,
): Promise<boolean> {
  const temporary = join(dirname(path), temporaryName());
  const file = await fs.open(temporary, "create");
  const { beforeNaming } = options;
  let stat: FsStat | undefined;
  let named = false;
  try {
    try {
      await writeFully(file, bytes, 0);
      await file.sync();
      if (beforeNaming !== undefined) stat = await file.stat();
    } finally {
      await file.close();
    }
    if (stat !== undefined) await beforeNaming?.(stat);
    named = await publish(fs, temporary, path, options);
    return named;
  } finally {
    // Best effort: a leftover is ignored by every listing and swept by age.
    if (!named) await fs.unlink(temporary).catch(() => {});
  }
}
