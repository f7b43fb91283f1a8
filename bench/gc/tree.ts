import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { type GcPorts, openOrphanRecord, openPinStore } from "@store/gc";
import { openBlobStore, openLayout, openLeaseStore, withSweepLock } from "@store/layout";
import { openManifestStore } from "@store/manifest";

/** Layers of each model. */
const LAYERS_EACH = 100;

const hexOf = (text: string | Uint8Array): string =>
  createHash("sha256").update(text).digest("hex");

/** Bytes of the nth blob: small, because a sweep reads none of them. */
const contentAt = (index: number): string => `content ${index}`;

function writeUnsynced(path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

export function blobPath(root: string, index: number): string {
  const hex = hexOf(contentAt(index));
  return join(root, "blobs", "sha256", hex.slice(0, 2), hex);
}

/** Writes blobs without waiting for the disk, as they lie in a store. */
export function writeBlobs(root: string, start: number, end: number): void {
  for (let index = start; index < end; index += 1) {
    writeUnsynced(join(blobPath(root, index), "data"), contentAt(index));
  }
}

/** Models of a hundred layers each, which need the first so many blobs. */
export function writeModels(root: string, blobCount: number): void {
  for (let start = 0; start < blobCount; start += LAYERS_EACH) {
    const end = Math.min(start + LAYERS_EACH, blobCount);
    const layers = Array.from({ length: end - start }, (_, index) => {
      const content = contentAt(start + index);
      const mediaType = "application/vnd.ollama.image.model";
      return { mediaType, digest: `sha256:${hexOf(content)}`, size: content.length };
    });
    const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
    const bytes = JSON.stringify({ schemaVersion: 2, mediaType, layers });
    writeUnsynced(join(root, `manifests/example.org/team/model${start}/latest`), bytes);
    const hex = hexOf(bytes);
    writeUnsynced(join(root, "blobs/sha256", hex.slice(0, 2), hex, "data"), bytes);
  }
}

/** A store as a sweep of the command line sees it, without its leftovers. */
export async function openPorts(root: string): Promise<GcPorts> {
  const layout = await openLayout(root);
  const blobs = openBlobStore(layout);
  const leases = openLeaseStore(layout);
  return {
    blobs,
    leases,
    roots: openManifestStore(layout, { blobs, leases }).roots,
    pins: openPinStore(layout),
    orphans: openOrphanRecord(layout),
    withSweepLock: (body) => withSweepLock(layout, body),
    now: layout.now,
  };
}
