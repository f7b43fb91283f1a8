import { join } from "node:path";

import { mustBeInside } from "../blobs/inside-store.ts";
import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import { readDocument } from "../fs/read-document.ts";
import { temporaryName } from "../fs/temporary-name.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { Layout } from "../root/layout.ts";
import { addKeptOrigins, readKeptOrigins } from "./kept-origins.ts";
import { decodeOrigin, type Origin } from "./origin.ts";

/** The newest are kept; more places than this are of no further use. */
const ORIGINS_MAX = 32;
/** Longest text of one field: a URL that servers still take. */
const TEXT_CHARS_MAX = 8192;
/** What a full record of longest fields takes, and what one read may cost. */
const ORIGINS_BYTES_MAX = ORIGINS_MAX * 4 * TEXT_CHARS_MAX;

/**
 * The recorded places, newest last: those written down beside the blob, else those kept of one that
 * has no file of its own. A line that cannot be read is passed over.
 */
export async function readOrigins(layout: Layout, digest: Digest): Promise<readonly Origin[]> {
  const beside = await readOriginsBeside(layout, digest);
  return beside.length > 0 ? beside : readKeptOrigins(layout, digest);
}

/** Those written down beside the blob alone. */
export async function readOriginsBeside(
  layout: Layout,
  digest: Digest,
): Promise<readonly Origin[]> {
  const bytes = await explaining("read where a blob came from", () => readBytes(layout, digest));
  if (bytes === undefined) return [];
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.map(decodeOrigin).filter((origin) => origin !== undefined);
}

async function readBytes(layout: Layout, digest: Digest): Promise<Uint8Array | undefined> {
  try {
    await mustBeInside(layout, digest);
    return await readDocument(layout.fs, layout.paths.origins(digest), {
      bytesMax: ORIGINS_BYTES_MAX,
    });
  } catch (error) {
    // A record of the wrong type or size helps nobody; the next one replaces it.
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

/**
 * Records a place of a blob that is present: beside its file, or where those of packed blobs are
 * kept if it has none of its own. An aid for repair and nothing more: it is not synced, of two that
 * record at once one may be lost, and a directory that may not be written to is no error.
 */
export async function recordOrigin(
  { prompt: layout }: Layout,
  digest: Digest,
  origin: Omit<Origin, "recordedAtMs">,
): Promise<void> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const texts = [origin.location, origin.revision, origin.path];
  if (texts.some((text) => text !== undefined && text.length > TEXT_CHARS_MAX)) return;
  await explaining("record where a blob came from", async () => {
    await mustBeInside(layout, digest);
    const known = await readOrigins(layout, digest);
    const others = known.filter((other) => !isSamePlace(other, origin));
    const all = [...others, { ...origin, recordedAtMs: layout.now() }].slice(-ORIGINS_MAX);
    const text = all.map((one) => `${JSON.stringify(one)}\n`).join("");
    if (await replace(layout, digest, new TextEncoder().encode(text))) return;
    // One file keeps those of many blobs: it is not written anew for what it says already.
    const newest = known.at(-1);
    if (newest !== undefined && isSamePlace(newest, origin)) return;
    await addKeptOrigins(layout, new Map([[digest, all]]));
  });
}

const isSamePlace = (a: Omit<Origin, "recordedAtMs">, b: Omit<Origin, "recordedAtMs">): boolean =>
  a.location === b.location && a.revision === b.revision && a.path === b.path;

/** @returns whether there is a directory of the blob's own */
async function replace(layout: Layout, digest: Digest, bytes: Uint8Array): Promise<boolean> {
  const { fs, paths } = layout;
  const temporary = join(paths.blobDirectory(digest), temporaryName());
  try {
    const file = await fs.open(temporary, "create", { permissions: 0o644 });
    try {
      await writeFully(file, bytes, 0);
    } finally {
      await file.close();
    }
    await fs.rename(temporary, paths.origins(digest));
    return true;
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    if (isErrno(error, "ENOENT")) return false;
    // Somebody else's directory.
    if (!isErrno(error, "EACCES", "EPERM", "EROFS")) throw error;
    return true;
  }
}
