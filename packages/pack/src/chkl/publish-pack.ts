import { join } from "node:path";

import {
  type FsFile,
  type FsPort,
  ifPresent,
  isErrno,
  isStoreError,
  publish,
  readDocument,
  StoreError,
  writeDocument,
} from "@store/layout";

import { finishInTurns } from "../loop/turns.ts";
import { encodeIdentitySliced } from "./identity-table.ts";
import { decodeIndex, encodeIndex, encodeIndexSliced } from "./index-table.ts";
import type { PackObject } from "./pack-entry.ts";
import type { PackDirectory } from "./pack-home.ts";
import { type PackFileKind, packFileName, type PackId } from "./pack-id.ts";

const COMPARE_BYTES = 256 * 1024;

/**
 * Gives a complete and synced data file its name, then the sidecar, then the index: only with the
 * index the pack exists (INV-6). Files that are there already must hold the same and stay (INV-7).
 *
 * @returns whether the pack existed before
 * @throws StoreError `ERR_STORE_PACK_CONFLICT`
 */
export async function publishPack(
  directory: PackDirectory,
  id: PackId,
  temporary: string,
  objects: readonly PackObject[],
): Promise<boolean> {
  const { fs, dir } = directory;
  const data = join(dir, packFileName(id, "dat"));
  const identity = await finishInTurns(encodeIdentitySliced(objects));
  const index = await finishInTurns(encodeIndexSliced(objects));
  let isOurs = await publishData(fs, id, temporary, data);
  let created = false;
  /** Where one was found, our own has been kept for the case that it goes. */
  async function nameAgain(): Promise<boolean> {
    if (isOurs || !(await isGone(fs, data))) return false;
    isOurs = await publishData(fs, id, temporary, data);
    return true;
  }
  do {
    await publishDocument(directory, id, "ids", identity, isSameBytes);
    await nameAgain();
    // INV-6: the index comes last, when everything it speaks of is durable.
    if (await publishDocument(directory, id, "idx", index, isSameIndex)) created = true;
    // Files without an index may be taken away, so what was found above may have gone before our
    // index made it a pack. Whoever takes them looks for the index after moving them aside, and takes
    // one away that speaks of nothing; this look comes after the index.
  } while (await nameAgain());
  if (await isGone(fs, join(dir, packFileName(id, "ids")))) {
    await publishDocument(directory, id, "ids", identity, isSameBytes);
  }
  return !created;
}

async function isGone(fs: FsPort, path: string): Promise<boolean> {
  return (await ifPresent(fs.lstat(path))) === undefined;
}

/** Names the data file unless one is there, which must hold the same. Answers whether it named. */
async function publishData(
  fs: FsPort,
  id: PackId,
  temporary: string,
  path: string,
): Promise<boolean> {
  for (;;) {
    if (await publish(fs, temporary, path, { replace: false })) return true;
    const same = await isSameFile(fs, temporary, path);
    if (same === true) return false;
    if (same === false) throw conflict(id, "dat");
    // Somebody has removed it since.
  }
}

/** Writes a file unless it is there. Answers whether it wrote; refuses a file `isSame` refuses. */
async function publishDocument(
  directory: PackDirectory,
  id: PackId,
  kind: PackFileKind,
  bytes: Uint8Array,
  isSame: (found: Uint8Array, bytes: Uint8Array) => boolean,
): Promise<boolean> {
  const { fs, dir } = directory;
  const path = join(dir, packFileName(id, kind));
  for (;;) {
    if (await writeDocument(fs, path, bytes, { replace: false })) return true;
    const found = await readSimilar(fs, path, bytes.length);
    // Somebody has removed it since.
    if (found === undefined) continue;
    if (found === "other" || !isSame(found, bytes)) throw conflict(id, kind);
    await makeDurable(fs, path);
    return false;
  }
}

/** The bytes of a file, unless it is larger than it could be if it was the same. */
async function readSimilar(
  fs: FsPort,
  path: string,
  size: number,
): Promise<Uint8Array | "other" | undefined> {
  try {
    return await readDocument(fs, path, { bytesMax: size });
  } catch (error) {
    if (isStoreError(error)) return "other";
    throw error;
  }
}

function isSameBytes(found: Uint8Array, bytes: Uint8Array): boolean {
  return Buffer.compare(found, bytes) === 0;
}

/** Rows of one key may be in another order: chkpt does not sort those. */
function isSameIndex(found: Uint8Array, bytes: Uint8Array): boolean {
  try {
    return Buffer.compare(encodeIndex(decodeIndex(found)), bytes) === 0;
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_INDEX_INVALID")) return false;
    throw error;
  }
}

/** Whether two files hold the same; `undefined` if the second is not there any more. */
async function isSameFile(fs: FsPort, ours: string, found: string): Promise<boolean | undefined> {
  const a = await fs.open(ours, "read");
  try {
    const b = await openFound(fs, found);
    if (typeof b !== "object") return b;
    try {
      if (!(await hasSameBytes(a, b))) return false;
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
  await makeDurable(fs, found);
  return true;
}

/** A file to compare with; `false` for what is none, `undefined` for nothing at all. */
async function openFound(fs: FsPort, path: string): Promise<FsFile | false | undefined> {
  try {
    return await fs.open(path, "read");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    if (isErrno(error, "ELOOP", "EISDIR", "ENXIO")) return false;
    throw error;
  }
}

async function hasSameBytes(a: FsFile, b: FsFile): Promise<boolean> {
  const [statA, statB] = [await a.stat(), await b.stat()];
  if (statB.kind !== "file" || statA.size !== statB.size) return false;
  const [bufferA, bufferB] = [new Uint8Array(COMPARE_BYTES), new Uint8Array(COMPARE_BYTES)];
  for (let at = 0; at < statA.size;) {
    const count = await a.read(bufferA, at);
    if (count === 0 || (await b.read(bufferB, at)) !== count) return false;
    if (Buffer.compare(bufferA.subarray(0, count), bufferB.subarray(0, count)) !== 0) return false;
    at += count;
  }
  return true;
}

/** Another tool may have written a file without a sync (chkpt does), and our pack relies on it. */
async function makeDurable(fs: FsPort, path: string): Promise<void> {
  const file = await ifPresent(fs.open(path, "read"));
  try {
    await file?.sync();
  } catch (error) {
    // Some systems sync only through a handle that may write; then it is as durable as it was made.
    if (!isErrno(error, "EACCES", "EBADF", "EINVAL", "EPERM", "EROFS")) throw error;
  } finally {
    await file?.close();
  }
}

function conflict(pack: PackId, kind: PackFileKind): StoreError {
  return new StoreError(`pack ${pack}: ${packFileName(pack, kind)} exists and holds other bytes`, {
    kind: "conflict",
    code: "ERR_STORE_PACK_CONFLICT",
    hint: "Run `store verify --repair`: a damaged one keeps a good one of the same name from being written.",
    detail: { pack, file: packFileName(pack, kind) },
  });
}
