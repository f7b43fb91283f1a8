import { dirname, join } from "node:path";

import { listFanouts } from "../blobs/list-fanouts.ts";
import { isErrno } from "../errors/errno.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent, namesIn } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";

/** A transfer that was given up: what is left of it, and how long nothing has touched it. */
export interface DebrisItem {
  /** Path below the root, with `/`. */
  readonly id: string;
  /** Since its last change, in milliseconds; negative under a clock that was set back. */
  readonly ageMs: number;
  readonly bytes: number;
}

/** One kind of leftover that goes by age. */
export interface Debris {
  readonly kind: string;
  list(): AsyncIterable<DebrisItem>;
  /** Removes a listed item; success if it is gone. Refuses an id that it would not list. */
  remove(id: string): Promise<void>;
}

const PARTIAL = /^blobs\/sha256\/([0-9a-f]{2})\/\.partial-\1[0-9a-f]{62}\.[0-9a-f]{16}$/;
const INCOMING = /^blobs\/\.incoming-[0-9a-f]{16,32}\.[0-9a-f]{16}$/;

const isOurs = (id: string): boolean => PARTIAL.test(id) || INCOMING.test(id);

/**
 * Our own transfers, of known and unknown digests. Another tool's (`.partial-<hex>/`, without an
 * owner in its name) is that tool's business.
 */
export function openPartialDebris(layout: Layout): Debris {
  const { fs, paths } = layout;

  async function* directories(): AsyncGenerator<string> {
    const fanouts = await listFanouts(layout);
    for (const name of await listNames(paths.blobs)) yield `blobs/${name}`;
    for (const fanout of fanouts) {
      for (const name of await listNames(join(paths.sha256, fanout))) {
        if (name.startsWith(".")) yield `blobs/sha256/${fanout}/${name}`;
      }
    }
  }

  async function listNames(path: string): Promise<readonly string[]> {
    return (await explaining("list transfers", () => namesIn(fs, path))).toSorted();
  }

  async function describe(id: string): Promise<DebrisItem | undefined> {
    const directory = join(paths.root, id);
    const stat = await ifPresent(fs.lstat(directory));
    if (stat?.kind !== "directory") return undefined;
    let { mtimeMs } = stat;
    let bytes = 0;
    for (const name of await listNames(directory)) {
      const file = await ifPresent(fs.lstat(join(directory, name)));
      if (file === undefined) continue;
      mtimeMs = Math.max(mtimeMs, file.mtimeMs);
      // A file with another name frees nothing.
      if (file.links === 1) bytes += file.size;
    }
    return { id, ageMs: layout.now() - mtimeMs, bytes };
  }

  async function removeAll(id: string): Promise<void> {
    const directory = join(paths.root, id);
    // A link must not make what somebody keeps elsewhere look like a transfer.
    for (const path of [dirname(directory), directory])
      if ((await ifPresent(fs.lstat(path)))?.kind !== "directory") return;
    for (const name of await listNames(directory))
      await ifPresent(fs.unlink(join(directory, name)));
    try {
      await ifPresent(fs.rmdir(directory));
    } catch (error) {
      // Somebody put something there meanwhile: then it is not debris any more.
      if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    }
  }

  return {
    kind: "partial",
    async *list() {
      for await (const id of directories()) {
        if (!isOurs(id)) continue;
        const item = await explaining("look at a transfer", () => describe(id));
        if (item !== undefined) yield item;
      }
    },
    async remove(id) {
      if (!isOurs(id)) throw new TypeError(`not a transfer: ${id}`);
      if (layout.readOnly !== undefined) throw layout.readOnly;
      await explaining("remove a transfer", () => removeAll(id));
    },
  };
}
