import { dirname, join } from "node:path";

import { isOwnDirectory } from "../blobs/inside-store.ts";
import { type Digest, isDigest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import { readDocument } from "../fs/read-document.ts";
import { temporaryName } from "../fs/temporary-name.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { Layout } from "../root/layout.ts";
import { decodeOrigin, type Origin } from "./origin.ts";

/** Some thousand places for a 256th of the blobs: beyond it the oldest go. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Writes down places of blobs without a record beside them. What was kept of those blobs goes. */
export async function addKeptOrigins(
  layout: Layout,
  origins: ReadonlyMap<Digest, readonly Origin[]>,
): Promise<void> {
  const lines = new Map<string, { readonly digests: Set<Digest>; text: string }>();
  for (const [digest, places] of origins) {
    const path = layout.paths.keptOrigins(digest);
    const group = lines.get(path) ?? { digests: new Set(), text: "" };
    lines.set(path, group);
    group.digests.add(digest);
    for (const place of places) group.text += `${JSON.stringify({ digest, ...place })}\n`;
  }
  for (const [path, group] of lines) {
    await explaining("record where blobs came from", () => addLines(layout, path, group));
  }
}

/** What was written down of a blob without a record beside it, newest last. */
export async function readKeptOrigins(layout: Layout, digest: Digest): Promise<readonly Origin[]> {
  const lines = await readLines(layout, layout.paths.keptOrigins(digest));
  return lines
    .filter((line) => digestOf(line) === digest)
    .map(decodeOrigin)
    .filter((origin) => origin !== undefined);
}

async function addLines(
  layout: Layout,
  path: string,
  { digests, text }: { readonly digests: ReadonlySet<Digest>; readonly text: string },
): Promise<void> {
  const others = (await readLines(layout, path)).filter((line) => {
    const digest = digestOf(line);
    return digest !== undefined && !digests.has(digest);
  });
  let size = Buffer.byteLength(text);
  const newest: string[] = [];
  for (const line of others.toReversed()) {
    size += Buffer.byteLength(line) + 1;
    if (size > KEPT_BYTES_MAX) break;
    newest.push(`${line}\n`);
  }
  await replace(layout, path, newest.toReversed().join("") + text);
}

async function readLines(layout: Layout, path: string): Promise<readonly string[]> {
  try {
    if (!(await isOwnDirectory(layout, dirname(path)))) return [];
    const bytes = await readDocument(layout.fs, path, { bytesMax: 2 * KEPT_BYTES_MAX });
    return new TextDecoder().decode(bytes ?? new Uint8Array()).split("\n");
  } catch (error) {
    // A record of the wrong type or size helps nobody; the next one replaces it.
    if (isStoreError(error)) return [];
    throw error;
  }
}

function digestOf(line: string): Digest | undefined {
  const text = /^\{"digest":"([^"]{1,80})"/.exec(line)?.[1];
  return isDigest(text) ? text : undefined;
}

async function replace(layout: Layout, path: string, text: string): Promise<void> {
  const { fs } = layout;
  const temporary = join(dirname(path), temporaryName());
  try {
    await layout.makeDirectory(dirname(path));
    await isOwnDirectory(layout, dirname(path));
    const file = await fs.open(temporary, "create", { permissions: 0o644 });
    try {
      await writeFully(file, new TextEncoder().encode(text), 0);
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    // Somebody else's directory, or something else in the place of ours or of the file.
    const known = ["EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR"];
    if (!isErrno(error, ...known) && !isStoreError(error, "ERR_STORE_NOT_A_DIRECTORY")) throw error;
  }
}
