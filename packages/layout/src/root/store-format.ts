import { z } from "zod";

import { isStoreError, StoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { readDocument } from "../fs/read-document.ts";
import type { Paths } from "./paths.ts";

/** The format this code writes. A store without the file is the plain convention. */
const STORE_FORMAT = 1;

/** The file names a format and two lists of feature names; 64 KiB is far beyond any use. */
const FORMAT_BYTES_MAX = 64 * 1024;

const version = z.object({ format: z.number().int().positive() });
const schema = version.extend({ incompat: z.array(z.string()).default([]) });

/**
 * Why a store must not be written, from what its `.store/format.json` says (INV-9); `undefined` if it
 * may be. Neither answer keeps it from being read: blobs and names lie where they always do, and each
 * is checked by itself.
 *
 * - `ERR_STORE_VERSION_UNSUPPORTED`: a newer format, or a feature that a writer must know
 * - `ERR_STORE_FORMAT_UNREADABLE`: garbage, or a link, directory, fifo in its place; that may be damage
 *   or something newer still, and a writer cannot tell
 */
export async function whyNotWritable(fs: FsPort, paths: Paths): Promise<StoreError | undefined> {
  const own = await ifPresent(fs.lstat(paths.own));
  if (own === undefined) return undefined;
  if (own.kind !== "directory") return unreadable(paths.own, "it is not a directory");
  let bytes;
  try {
    bytes = await readDocument(fs, paths.format, { bytesMax: FORMAT_BYTES_MAX });
  } catch (error) {
    if (isStoreError(error)) return unreadable(paths.format, error.message, error);
    throw error;
  }
  if (bytes === undefined) return undefined;
  const document = parseJson(bytes);
  const newer = version.safeParse(document);
  if (newer.data !== undefined && newer.data.format > STORE_FORMAT)
    return unsupported(`format ${newer.data.format}`, newer.data);
  const { data } = schema.safeParse(document);
  if (data === undefined) return unreadable(paths.format, "it holds something else");
  if (data.incompat.length === 0) return undefined;
  return unsupported(`features ${data.incompat.join(", ")}`, data);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The bytes of the file a writer leaves in a new store. */
export function encodeStoreFormat(): Uint8Array {
  const document = { format: STORE_FORMAT, compat: [], incompat: [] };
  return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
}

function unsupported(
  what: string,
  found: { readonly format: number; readonly incompat?: readonly string[] },
): StoreError {
  return new StoreError(`the store announces ${what}; this version writes format ${STORE_FORMAT}`, {
    kind: "unsupported",
    code: "ERR_STORE_VERSION_UNSUPPORTED",
    hint: "Upgrade this program. Reading the store still works.",
    detail: { found: found.format, incompat: found.incompat ?? [], supported: STORE_FORMAT },
  });
}

function unreadable(path: string, why: string, cause?: unknown): StoreError {
  return new StoreError(`the store's format cannot be read from ${path}: ${why}`, {
    kind: "corrupt",
    code: "ERR_STORE_FORMAT_UNREADABLE",
    hint: "Reading the store still works. Upgrade this program; if that does not help, move the file away.",
    detail: { path },
    cause,
  });
}
