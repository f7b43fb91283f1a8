import type { Digest } from "../digest/digest.ts";
import { errnoOf } from "../errors/errno.ts";
import type { BlockingFs } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import { isSeenHashed } from "../sidecars/chunk-sidecar.ts";
import type { FoundBlob } from "./find-blob.ts";
import { seeInside } from "./inside-store.ts";
import { markPath } from "./release-marks.ts";

/** A blob that was hashed before, and how it is now. */
export interface SeenBlob extends FoundBlob {
  readonly released: boolean;
}

/**
 * What a first look shows where all is as it should be: a file in its place that we have hashed, or no
 * directory for one, so that it is `"absent"`. `undefined` says nothing about the blob: whoever gets it
 * looks closer. Publishing a name looks at every blob twice, so the calls for one are made in one go.
 */
export async function seeBlob(
  layout: Layout,
  digest: Digest,
): Promise<SeenBlob | "absent" | undefined> {
  return layout.fs.together?.((fs) => see(layout, fs, digest));
}

function see(layout: Layout, fs: BlockingFs, digest: Digest): SeenBlob | "absent" | undefined {
  const path = layout.paths.blob(digest);
  try {
    const isInside = seeInside(layout, fs, digest);
    if (isInside !== true) return isInside === false ? "absent" : undefined;
    const stat = fs.lstat(path);
    // Of an empty file only one digest is right, which is not worth a rule of its own here.
    if (stat?.kind !== "file" || stat.size === 0) return undefined;
    if (!isSeenHashed(layout, fs, digest, stat)) return undefined;
    return { path, stat, released: fs.lstat(markPath(layout, digest)) !== undefined };
  } catch (error) {
    // Whatever it is, the closer look meets it again and knows what to make of it.
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}
