import type { Digest } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { openIngest } from "../ingest/open-ingest.ts";
import type { Layout } from "../root/layout.ts";
import { isHashed } from "../sidecars/chunk-sidecar.ts";
import { listTrash } from "../trash/list-trash.ts";
import { trashBlob } from "../trash/trash-blob.ts";
import { announceTrash } from "../trash/trash-marks.ts";
import { adoptFile } from "./adopt-file.ts";
import type { BlobInfo } from "./blob-reader.ts";
import type { BlobStore } from "./blob-store.ts";
import { ensureVerified } from "./ensure-verified.ts";
import { findBlob, type FoundBlob } from "./find-blob.ts";
import { listBlobs } from "./list-blobs.ts";
import { addBlob, putBlob } from "./put-blob.ts";
import { readBlob } from "./read-blob.ts";
import { isReleased, releaseBlobs, retainBlobs } from "./release-marks.ts";
import { seeBlob, type SeenBlob } from "./see-blob.ts";

/** What is written at once rather than by a thread: it takes the kernel well under a millisecond. */
const PROMPT_BYTES_MAX = 256 * 1024;

function toInfo(digest: Digest, { stat, released }: SeenBlob, verified: boolean): BlobInfo {
  return { digest, size: stat.size, addedAtMs: stat.mtimeMs, verified, released, where: "loose" };
}

/** The loose blobs of a layout: one immutable file each, at the convention's path. */
export function openBlobStore(layout: Layout): BlobStore {
  async function describe(digest: Digest, found: FoundBlob, verified: boolean): Promise<BlobInfo> {
    const released = await isReleased(layout.prompt, digest);
    return toInfo(digest, { ...found, released }, verified);
  }
  const added = async ({
    digest,
    found,
  }: {
    digest: Digest;
    found: FoundBlob;
  }): Promise<BlobInfo> => describe(digest, found, true);

  return {
    stat: (digest, options) =>
      explaining(`look at blob ${digest}`, async () => {
        options?.signal?.throwIfAborted();
        const seen = await seeBlob(layout.prompt, digest);
        if (seen === "absent") return undefined;
        if (seen !== undefined) return toInfo(digest, seen, true);
        const found = await findBlob(layout.prompt, digest);
        if (found === undefined) return undefined;
        return describe(digest, found, await isHashed(layout.prompt, digest, found.stat));
      }),
    locate: (digest, options) =>
      explaining(`look at blob ${digest}`, async () => {
        options?.signal?.throwIfAborted();
        const found = await findBlob(layout.prompt, digest);
        return found === undefined ? undefined : { kind: "file", path: found.path };
      }),
    read: (digest, options) => readBlob(layout, digest, options),
    list: (options) => listBlobs(layout, options),
    ingest: (target, options) =>
      explaining(`write blob ${target.digest ?? "of unknown digest"}`, () =>
        openIngest(layout, target, options),
      ),
    put: (expected, source, options) =>
      explaining(`write blob ${expected.digest}`, async () => {
        const isSmall = source instanceof Uint8Array && source.length <= PROMPT_BYTES_MAX;
        const found = await putBlob(isSmall ? layout.prompt : layout, expected, source, options);
        return describe(expected.digest, found, true);
      }),
    add: (source, options) =>
      explaining("write a blob", async () => added(await addBlob(layout, source, options))),
    adopt: (path, options) =>
      explaining(`adopt ${path}`, async () => added(await adoptFile(layout, path, options))),
    ensureVerified: (digest, options) =>
      explaining(`check blob ${digest}`, async () => {
        options?.signal?.throwIfAborted();
        const seen = await seeBlob(layout.prompt, digest);
        if (seen === "absent") return undefined;
        if (seen !== undefined) return toInfo(digest, seen, true);
        const found = await ensureVerified(layout, digest, options);
        return found === undefined ? undefined : describe(digest, found, true);
      }),
    release: (digests) => explaining("release blobs", () => releaseBlobs(layout, digests)),
    retain: (digests) => explaining("keep blobs", () => retainBlobs(layout, digests)),
    announceTrash: (digests) =>
      explaining("announce what is to be moved aside", () => announceTrash(layout, digests)),
    trash: (digest, sweep, notice) =>
      explaining(`move blob ${digest} aside`, () => trashBlob(layout, digest, sweep, notice)),
    listTrash: () => listTrash(layout),
  };
}
