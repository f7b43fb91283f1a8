import { join } from "node:path";

import { mustBeInside } from "../blobs/inside-store.ts";
import { loadXxh64 } from "../checksum/xxh64.ts";
import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import type { BlockingFs, FsStat } from "../fs/fs-port.ts";
import { readDocument } from "../fs/read-document.ts";
import { temporaryName } from "../fs/temporary-name.ts";
import { writeFully } from "../fs/write-fully.ts";
import { isStoreError } from "../errors/store-error.ts";
import type { Layout } from "../root/layout.ts";
import {
  CHUNK_MAP_HEADER_BYTES,
  type ChunkMap,
  chunkMapBytes,
  chunkMapSize,
  decodeChunkMap,
  encodeChunkMap,
} from "./chunk-map.ts";

/** The map of a 32 TiB blob: beyond any model, and what one read may cost in memory. */
const CHUNK_MAP_BYTES_MAX = 64 * 1024 * 1024;

/** The chunk map beside a blob, or `undefined` where there is none to trust. */
export async function readChunkMap(layout: Layout, digest: Digest): Promise<ChunkMap | undefined> {
  let bytes;
  try {
    bytes = await readDocument(layout.fs, layout.paths.chunks(digest), {
      bytesMax: CHUNK_MAP_BYTES_MAX,
    });
  } catch (error) {
    // A sidecar of the wrong type or size is as good as none: it is written again.
    if (isStoreError(error)) return undefined;
    throw error;
  }
  return bytes === undefined ? undefined : decodeChunkMap(bytes, await loadXxh64());
}

/**
 * Whether we have hashed the bytes of this file: a sidecar that records its size exists, and nobody
 * wrote to the file since. Reads the header only; the blob's bytes were durable before any sidecar was
 * begun, so a torn rest says nothing.
 *
 * @param data what the blob's file is at this moment
 */
export async function isHashed(layout: Layout, digest: Digest, data: FsStat): Promise<boolean> {
  let file;
  try {
    file = await layout.fs.open(layout.paths.chunks(digest), "read");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ELOOP", "EISDIR", "ENXIO")) return false;
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!couldVouch(layout, stat, data)) return false;
    const header = new Uint8Array(CHUNK_MAP_HEADER_BYTES);
    await file.read(header, 0);
    return chunkMapSize(header) === data.size;
  } finally {
    await file.close();
  }
}

/** Whether a sidecar is one of this file, as far as its state tells. */
function couldVouch(
  { now }: Pick<Layout, "now">,
  { kind, size, mtimeMs }: FsStat,
  data: FsStat,
): boolean {
  if (kind !== "file" || size !== chunkMapBytes(data.size)) return false;
  // A time in the future says nothing: its clock was wrong, and hashing would not end that.
  return data.mtimeMs <= mtimeMs || data.mtimeMs > now();
}

/** Sidecars up to here, those of blobs of 32 GiB, are looked at in one go. */
const sidecarBuffer = new Uint8Array(64 * 1024);

/**
 * {@link isHashed} in one go; `false` also where that takes more than a few calls.
 *
 * @throws the error of the file system, also where there is no sidecar
 */
export function isSeenHashed(
  { paths, now }: Pick<Layout, "paths" | "now">,
  fs: BlockingFs,
  digest: Digest,
  data: FsStat,
): boolean {
  const sidecar = fs.readSmall(paths.chunks(digest), sidecarBuffer);
  if (sidecar === undefined || !couldVouch({ now }, sidecar.stat, data)) return false;
  return chunkMapSize(sidecar.bytes) === data.size;
}

/**
 * Writes the chunk map beside a published blob, which also records that we hashed it. Not synced:
 * a map lost in a power cut costs one more hashing, and a torn one is not believed.
 */
export async function writeChunkMap(layout: Layout, digest: Digest, map: ChunkMap): Promise<void> {
  const { fs, paths } = layout;
  const temporary = join(paths.blobDirectory(digest), temporaryName());
  const file = await fs.open(temporary, "create", { permissions: 0o644 });
  try {
    try {
      await writeFully(file, encodeChunkMap(map, await loadXxh64()), 0);
    } finally {
      await file.close();
    }
    await fs.rename(temporary, paths.chunks(digest));
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
}

/** Takes back that we hashed the blob. Something else of that name vouches for nothing and stays. */
export async function removeChunkMap(layout: Layout, digest: Digest): Promise<void> {
  await mustBeInside(layout, digest);
  try {
    await layout.fs.unlink(layout.paths.chunks(digest));
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EISDIR", "EPERM")) throw error;
  }
}
