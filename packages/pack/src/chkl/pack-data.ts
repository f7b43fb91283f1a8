import { basename, join } from "node:path";

import { type FsFile, isErrno } from "@store/layout";

import { locateFile } from "../trash/locate-file.ts";
import { packCorrupt } from "./pack-error.ts";
import type { PackDirectory } from "./pack-home.ts";
import { packFileName, type PackId, packPartName } from "./pack-id.ts";
import { readPartSizes } from "./pack-parts.ts";

/** The bytes of a `.dat`, in one file or, as chkpt splits them, in several. */
export interface PackData {
  /** Bytes. */
  readonly size: number;
  /** When the (first) file was written: wall-clock milliseconds. */
  readonly addedAtMs: number;
  /** Fills the buffer from an offset; fewer bytes only at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** The same, holding the thread; absent where that cannot be done. */
  readonly readNow?: ((buffer: Uint8Array, position: number) => number) | undefined;
  /** Waits for reads under way. */
  close(): Promise<void>;
}

/**
 * Opens the data of a pack, or answers `undefined` if there is none.
 *
 * @throws StoreError `ERR_STORE_PACK_INVALID`, `ERR_STORE_PACK_TRUNCATED`
 */
export async function openPackData(
  directory: PackDirectory,
  id: PackId,
): Promise<PackData | undefined> {
  const whole = await openPiece(directory, id, packFileName(id, "dat"));
  // chkpt removes the whole file last, so where both are there it is the one to trust.
  if (whole !== undefined) return whole;
  const sizes = await readPartSizes(directory, id);
  if (sizes !== undefined) return openParts(directory, id, sizes);
  const path = await locateFile(directory, id, "dat");
  return path === undefined ? undefined : openPiece(directory, id, basename(path));
}

async function openPiece(
  directory: PackDirectory,
  id: PackId,
  name: string,
): Promise<PackData | undefined> {
  let file: FsFile;
  try {
    file = await directory.fs.open(join(directory.dir, name), "read");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    if (isErrno(error, "ELOOP", "EISDIR", "ENXIO")) throw notAFile(id, name, error);
    throw error;
  }
  try {
    const { kind, size, mtimeMs } = await file.stat();
    if (kind !== "file") throw notAFile(id, name);
    return {
      size,
      addedAtMs: mtimeMs,
      read: (buffer, position) => file.read(buffer, position),
      readNow: file.blocking?.read,
      // Nothing was written: a close that fails takes nothing with it, and must not keep others open.
      close: () => file.close().catch(() => {}),
    };
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
}

async function openParts(
  directory: PackDirectory,
  id: PackId,
  sizes: readonly number[],
): Promise<PackData> {
  const parts: (PackData & { readonly start: number })[] = [];
  let size = 0;
  try {
    for (const [index, expected] of sizes.entries()) {
      const name = packPartName(id, index);
      const part = await openPiece(directory, id, name);
      if (part !== undefined) parts.push({ ...part, start: size });
      if (part?.size !== expected) {
        const found = part === undefined ? "missing" : `${part.size} bytes long`;
        const message = `${name} is ${found}, expected ${expected} bytes`;
        throw packCorrupt("ERR_STORE_PACK_TRUNCATED", { pack: id, offset: size }, message);
      }
      size += expected;
    }
  } catch (error) {
    await closeAll(parts);
    throw error;
  }
  return {
    size,
    addedAtMs: parts[0]?.addedAtMs ?? 0,
    read: (buffer, position) => readAcross(parts, buffer, position),
    close: () => closeAll(parts),
  };
}

async function readAcross(
  parts: readonly (PackData & { readonly start: number })[],
  buffer: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  for (const part of parts) {
    const from = position + done - part.start;
    if (from >= part.size) continue;
    if (done === buffer.length) break;
    const wanted = Math.min(buffer.length - done, part.size - from);
    const count = await part.read(buffer.subarray(done, done + wanted), from);
    done += count;
    if (count < wanted) break;
  }
  return done;
}

async function closeAll(parts: readonly PackData[]): Promise<void> {
  for (const part of parts) await part.close();
}

function notAFile(pack: PackId, name: string, cause?: unknown): Error {
  const hint = "Look at what it is, then move it away.";
  const message = `${name} is not a regular file`;
  return packCorrupt("ERR_STORE_PACK_INVALID", { pack, file: name }, message, { hint, cause });
}
