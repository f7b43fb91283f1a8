import type { AbortOptions } from "../abort-options.ts";
import type { Digest } from "../digest/digest.ts";
import { createDigester } from "../digest/digester.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { ChunkMap } from "../sidecars/chunk-map.ts";
import { createChunkSummer } from "../sidecars/chunk-summer.ts";
import { type BlobHashes, createBlobHasher } from "./blob-hasher.ts";
import { pump, pumpDigest, type PumpOptions, pumpSums } from "./pump.ts";

/** Below this a thread costs more than it brings. */
export const PUMP_BYTES_MIN: number = 32 * 1024 * 1024;

/** One reused buffer of this size keeps memory flat and the event loop free between updates. */
const BUFFER_BYTES = 1024 * 1024;

export interface HashFileOptions extends AbortOptions {
  readonly onBytes?: ((done: number) => void) | undefined;
}

/** Hashes an open file from its start to its end, whatever its size was said to be. */
export async function hashFile(file: FsFile, options: HashFileOptions = {}): Promise<BlobHashes> {
  const { size } = await file.stat();
  if (size >= PUMP_BYTES_MIN) return pump(pumping(file, options));
  const hasher = await createBlobHasher();
  await readHere(file, size, (bytes) => hasher.update(bytes), options);
  return hasher.finish();
}

/** The identity alone: a tenth less work where nobody asks for the sums. */
export async function identifyFile(file: FsFile, options: HashFileOptions = {}): Promise<Digest> {
  const { size } = await file.stat();
  if (size >= PUMP_BYTES_MIN) return pumpDigest(pumping(file, options));
  const digester = createDigester();
  await readHere(file, size, (bytes) => digester.update(bytes), options);
  return digester.digest();
}

/** The chunk map alone, which finds accidents at a fraction of the work. */
export async function sumFile(file: FsFile, options: HashFileOptions = {}): Promise<ChunkMap> {
  const { size } = await file.stat();
  if (size >= PUMP_BYTES_MIN) return pumpSums(pumping(file, options));
  const summer = await createChunkSummer();
  await readHere(file, size, (bytes) => summer.update(bytes), options);
  return summer.finish();
}

function pumping(file: FsFile, options: HashFileOptions): PumpOptions {
  return { ...options, read: (slot, position) => file.read(slot, position) };
}

async function readHere(
  file: FsFile,
  size: number,
  take: (bytes: Uint8Array) => void,
  options: HashFileOptions,
): Promise<void> {
  // One byte more than the size: a file that has not grown ends with the first short read.
  const buffer = new Uint8Array(Math.min(BUFFER_BYTES, size + 1));
  for (let at = 0; ;) {
    options.signal?.throwIfAborted();
    const count = await file.read(buffer, at);
    take(buffer.subarray(0, count));
    at += count;
    options.onBytes?.(at);
    if (count < buffer.length) return;
  }
}
