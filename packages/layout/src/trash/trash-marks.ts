import { join } from "node:path";

import type { TrashNotice } from "../blobs/blob-store.ts";
import { isOwnDirectory } from "../blobs/inside-store.ts";
import { type Digest, digestFromHex, digestHex } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { namesIn } from "../fs/absence.ts";
import { readDocument } from "../fs/read-document.ts";
import { createId } from "../fs/temporary-name.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { Layout } from "../root/layout.ts";
import { recordBoot } from "./boot-records.ts";

// Marks say where trash may be, and are made before it and removed after it: an empty file for one
// trash name, or one notice for all that a sweep moves aside together. They spare a sweep a look into
// every blob's directory. No byte depends on one: a mark without trash costs a look, and trash without
// a mark is found by the walks of `listTrash`, at once where a power cut may have taken the mark (see
// `recordBoot`).

const NOTICE = /^notice-[0-9a-f]{16}$/;

/** Digests in one notice: 6.5 MB of them, which is what reading one costs in memory. */
const NOTICE_COUNT_MAX = 100_000;
const LINE_BYTES = 65;

const markPath = (layout: Layout, digest: Digest, id: string): string =>
  join(layout.paths.trashed, `${digestHex(digest)}.${id}`);

/** @param id what follows `data.trash-` */
export function markTrash(layout: Layout, digest: Digest, id: string): Promise<void> {
  return writeMark(layout, markPath(layout, digest, id));
}

/** Best effort: a mark that stays costs every sweep one look. */
export async function unmarkTrash(layout: Layout, digest: Digest, id: string): Promise<void> {
  await layout.fs.unlink(markPath(layout, digest, id)).catch(() => {});
}

/** One mark for many blobs, whichever trash names they get. */
export async function announceTrash(
  layout: Layout,
  digests: Iterable<Digest>,
): Promise<TrashNotice> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const lines = Array.from(digests, (digest) => `${digestHex(digest)}\n`);
  const paths: string[] = [];
  for (let start = 0; start < lines.length; start += NOTICE_COUNT_MAX) {
    const path = join(layout.paths.trashed, `notice-${createId()}`);
    const some = lines.slice(start, start + NOTICE_COUNT_MAX);
    await writeMark(layout, path, new TextEncoder().encode(some.join("")));
    paths.push(path);
  }
  return {
    async withdraw() {
      for (const path of paths) await layout.fs.unlink(path).catch(() => {});
    },
  };
}

async function writeMark(layout: Layout, path: string, content?: Uint8Array): Promise<void> {
  try {
    await layout.makeDirectory(layout.paths.trashed);
    await recordBoot(layout);
    const file = await layout.fs.open(path, "create", { permissions: 0o644 });
    try {
      if (content !== undefined) await writeFully(file, content, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    // On a full disk a sweep is what helps, and a shared store may keep its `.store/` to one user.
    if (isStoreError(error) && error.kind !== "exhausted") throw error;
    const known = ["EEXIST", "ENOSPC", "EDQUOT", "EACCES", "EPERM"];
    if (!isStoreError(error) && !isErrno(error, ...known)) throw error;
  }
}

/** Blobs that marks name, whether or not there is trash of them. */
export async function listMarked(layout: Layout): Promise<ReadonlySet<Digest>> {
  const isThere = await isOwnDirectory(layout, layout.paths.trashed);
  const names = isThere ? await namesIn(layout.fs, layout.paths.trashed) : [];
  const marked = new Set<Digest>();
  for (const name of names) {
    const hexes = isNotice(name) ? await readNotice(layout, name) : [name.split(".")[0] ?? ""];
    for (const hex of hexes) {
      const digest = digestFromHex(hex);
      if (digest !== undefined) marked.add(digest);
    }
  }
  return marked;
}

/** @param name of a file in `.store/trashed/` */
export const isNotice = (name: string): boolean => NOTICE.test(name);

/** Digests of one notice, as hex digits. What a crash tore, or nobody of ours wrote, has none. */
export async function readNotice(layout: Layout, name: string): Promise<readonly string[]> {
  const path = join(layout.paths.trashed, name);
  const bytesMax = NOTICE_COUNT_MAX * LINE_BYTES;
  try {
    const bytes = await readDocument(layout.fs, path, { bytesMax });
    return bytes === undefined ? [] : new TextDecoder().decode(bytes).split("\n");
  } catch (error) {
    if (isStoreError(error)) return [];
    throw error;
  }
}
