import { join } from "node:path";

import {
  type AbortOptions,
  explaining,
  isStoreError,
  readDocument,
  type ReadDocumentOptions,
  StoreError,
} from "@store/layout";

import { finishInTurns } from "../loop/turns.ts";
import { locateFile } from "../trash/locate-file.ts";
import { isVisible } from "../trash/trash-pack.ts";
import { type IdentityTable, IDENTITY_ROW_BYTES, openIdentityTable } from "./identity-table.ts";
import { INDEX_ROW_BYTES, type IndexTable, openIndexTable } from "./index-table.ts";
import { joinIndex } from "./joined-index.ts";
import { matchIdentity } from "./match-identity.ts";
import { packNotFound } from "./not-found.ts";
import { openPackData, type PackData } from "./pack-data.ts";
import { packCorrupt } from "./pack-error.ts";
import { decodePackHeader, ENTRY_COUNT_MAX, HEADER_BYTES } from "./pack-header.ts";
import { type PackDirectory, packDirectoryOf, type PackHome } from "./pack-home.ts";
import { packFileName, type PackId } from "./pack-id.ts";
import { createPackReader, type OpenedPack } from "./create-pack-reader.ts";
import type { PackReader } from "./pack-reader.ts";

export interface PackLimits {
  /**
   * Largest object to decode, in bytes. Our own packs hold none above 4 MiB; chkpt packs files of
   * any size. 256 MiB by default, which bounds what a damaged or hostile pack can make us allocate.
   */
  readonly entryBytesMax?: number | undefined;
}

export interface OpenPackOptions extends PackLimits, AbortOptions {}

/** See {@link PackLimits.entryBytesMax}. */
export const READ_ENTRY_BYTES_MAX: number = 256 * 1024 * 1024;

/**
 * Opens a pack and checks its structure: header, index, sizes, and the sidecar if there is one. No
 * entry is read. A damaged sidecar costs only the answers by digest: the reader says why in
 * `identityError`.
 *
 * @throws StoreError `ERR_STORE_PACK_NOT_FOUND`, `ERR_STORE_PACK_INVALID`,
 * `ERR_STORE_PACK_TRUNCATED`, `ERR_STORE_INDEX_INVALID`
 */
export function openPack(
  home: PackHome,
  id: PackId,
  options: OpenPackOptions = {},
): Promise<PackReader> {
  return openPackIn(packDirectoryOf(home), id, options);
}

/** See {@link openPack}. */
export function openPackIn(
  directory: PackDirectory,
  id: PackId,
  options: OpenPackOptions,
): Promise<OpenedPack> {
  return explaining(`open pack ${id}`, () => open(directory, id, options));
}

async function open(
  directory: PackDirectory,
  id: PackId,
  options: OpenPackOptions,
): Promise<OpenedPack> {
  const { signal } = options;
  signal?.throwIfAborted();
  const index = await readIndex(directory, id);
  // INV-6: without an index there is no pack, whatever else lies there.
  if (index === undefined) throw packNotFound(id);
  const data = await openIndexedData(directory, id);
  if (data === undefined) throw packNotFound(id);
  try {
    await checkData(id, index, data);
    signal?.throwIfAborted();
    const parts = await readIdentity(directory, id, index);
    const { identity, identityRows } = parts;
    const kept = identity?.count === index.count ? joinIndex(index, identity, identityRows) : index;
    const entryBytesMax = options.entryBytesMax ?? READ_ENTRY_BYTES_MAX;
    return createPackReader({ id, data, index: kept, ...parts, entryBytesMax });
  } catch (error) {
    await data.close();
    throw error;
  }
}

/**
 * Opens the data of a pack whose index was seen, or answers `undefined` if there is no pack: it was
 * deleted, which begins with the index, or whoever died while he gave the index its name, or gave it
 * back, left it alone or under a trash name. Sweeps remove that.
 *
 * @throws StoreError `ERR_STORE_PACK_INVALID`, `ERR_STORE_PACK_TRUNCATED`
 */
export async function openIndexedData(
  directory: PackDirectory,
  id: PackId,
): Promise<PackData | undefined> {
  const data = await openPackData(directory, id);
  if (data !== undefined) return data;
  const isAlone = (await locateFile(directory, id, "ids")) === undefined;
  if (isAlone || !(await isVisible(directory, id))) return;
  const message = "there is an index and no data file";
  throw packCorrupt("ERR_STORE_PACK_INVALID", { pack: id }, message);
}

/** A document of a pack, also where somebody has moved it aside. */
async function readPackDocument(
  directory: PackDirectory,
  id: PackId,
  kind: "idx" | "ids",
  options: ReadDocumentOptions,
): Promise<Uint8Array | undefined> {
  const { fs, dir } = directory;
  const bytes = await readDocument(fs, join(dir, packFileName(id, kind)), options);
  if (bytes !== undefined) return bytes;
  const path = await locateFile(directory, id, kind);
  return path === undefined ? undefined : readDocument(fs, path, options);
}

/** The checked index, or `undefined` if there is none. */
export async function readIndex(
  directory: PackDirectory,
  id: PackId,
): Promise<IndexTable | undefined> {
  const bytes = await readPackDocument(directory, id, "idx", {
    bytesMax: ENTRY_COUNT_MAX * INDEX_ROW_BYTES,
    tooLargeCode: "ERR_STORE_INDEX_INVALID",
  });
  if (bytes === undefined) return undefined;
  try {
    return await finishInTurns(openIndexTable(bytes));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw packCorrupt(error.code, { pack: id, ...error.detail }, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

/** Checks that header, index and data file are about the same entries. */
export async function checkData(pack: PackId, index: IndexTable, data: PackData): Promise<void> {
  const header = new Uint8Array(HEADER_BYTES);
  const count = decodePackHeader(pack, header.subarray(0, await data.read(header, 0)));
  if (count !== index.count) {
    const message = `the header announces ${count} entries, the index has ${index.count}`;
    throw packCorrupt("ERR_STORE_INDEX_INVALID", { pack, count, rows: index.count }, message);
  }
  if (data.size < index.dataSize) {
    const message = `the data file has ${data.size} bytes, the index describes ${index.dataSize}`;
    throw packCorrupt("ERR_STORE_PACK_TRUNCATED", { pack, offset: data.size }, message);
  }
  if (data.size > index.dataSize) {
    const message = `the index describes ${index.dataSize} of the data file's ${data.size} bytes`;
    throw packCorrupt("ERR_STORE_INDEX_INVALID", { pack, offset: index.dataSize }, message);
  }
}

/** What the sidecar says of a pack's entries. */
export interface PackIdentity {
  readonly identity: IdentityTable | undefined;
  /** For each row of the index the row of the sidecar about the same entry, or -1. */
  readonly identityRows: Int32Array;
  /** Why there is a sidecar that cannot be used. */
  readonly identityError: StoreError | undefined;
}

/**
 * Reads the sidecar and checks it against the index. A sidecar that is damaged, or that the system
 * does not give out, is an answer here and not an error: the pack can still be read by key.
 */
export async function readIdentity(
  directory: PackDirectory,
  id: PackId,
  index: IndexTable,
): Promise<PackIdentity> {
  const none: PackIdentity = {
    identity: undefined,
    identityRows: new Int32Array(index.count).fill(-1),
    identityError: undefined,
  };
  try {
    const bytes = await explaining("read the sidecar", () =>
      readPackDocument(directory, id, "ids", {
        bytesMax: (ENTRY_COUNT_MAX + 1) * IDENTITY_ROW_BYTES,
        tooLargeCode: "ERR_STORE_IDENTITY_INVALID",
      }),
    );
    if (bytes === undefined) return none;
    const identity = await finishInTurns(openIdentityTable(bytes));
    const identityRows = await finishInTurns(matchIdentity(id, index, identity));
    return { ...none, identity, identityRows };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const identityError = new StoreError(`pack ${id}: ${error.message}`, {
      kind: error.kind,
      code: error.code,
      hint: error.hint,
      detail: { pack: id, ...error.detail },
      cause: error,
    });
    return { ...none, identityError };
  }
}
