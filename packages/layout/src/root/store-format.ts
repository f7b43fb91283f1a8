import { z } from "zod";

import { ifPresent } from "../fs/absence.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { readDocument } from "../fs/read-document.ts";
import { StoreError } from "../errors/store-error.ts";
import type { Paths } from "./paths.ts";

/** The format this code writes. A store without the file is the plain convention. */
const STORE_FORMAT = 1;

/** The file names a format and two lists of feature names; 64 KiB is far beyond any use. */
const FORMAT_BYTES_MAX = 64 * 1024;

const schema = z.object({
  format: z.number().int().positive(),
  compat: z.array(z.string()).default([]),
  incompat: z.array(z.string()).default([]),
});

/** What a store says of itself. */
export interface StoreFormat {
  readonly format: number;
  /** Features a writer may ignore. */
  readonly compat: readonly string[];
  /** Features a writer must know. */
  readonly incompat: readonly string[];
  /** Whether this code may write here (INV-9). */
  readonly writable: boolean;
}

/**
 * Reads `.store/format.json`. A newer format, or an incompatible feature unknown to us, makes the
 * store read-only to us; so does a file that cannot be understood, because a newer format may well
 * look like that.
 */
export async function readStoreFormat(fs: FsPort, paths: Paths): Promise<StoreFormat> {
  const plain: StoreFormat = { format: STORE_FORMAT, compat: [], incompat: [], writable: true };
  if ((await ifPresent(fs.lstat(paths.own))) === undefined) return plain;
  const bytes = await readDocument(fs, paths.format, { bytesMax: FORMAT_BYTES_MAX });
  if (bytes === undefined) return plain;
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success) return { ...plain, format: Number.NaN, writable: false };
  const { format, compat, incompat } = parsed.data;
  return { format, compat, incompat, writable: format <= STORE_FORMAT && incompat.length === 0 };
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

/** The error of every write to a store that announces more than we know. */
export function unsupportedFormat(found: StoreFormat): StoreError {
  const what =
    found.incompat.length > 0 ? `features ${found.incompat.join(", ")}` : `format ${found.format}`;
  return new StoreError(`the store announces ${what}; this version writes format ${STORE_FORMAT}`, {
    kind: "unsupported",
    code: "ERR_STORE_VERSION_UNSUPPORTED",
    hint: "Upgrade this program. Reading the store still works.",
    detail: { found: found.format, incompat: found.incompat, supported: STORE_FORMAT },
  });
}
