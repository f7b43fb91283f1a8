import { join } from "node:path";

import { explaining, ifPresent, isErrno, type Layout } from "@store/layout";

import type { Expirable, Expirables } from "../ports.ts";

/** `<path below the root>/.tmp-<id>`, as our writers name what has no lasting name yet. */
const TEMPORARY = /^(?:[^/]+\/)+\.tmp-[0-9a-f]{16}$/;

/** Host, namespace, model: names lie no deeper. */
const NAME_DEPTH = 3;

/**
 * Documents whose writer died before it gave them a name: below `manifests/`, in `packs/`,
 * quarantine and the directories of our own. Those beside a blob go with the blob.
 */
export function createTemporaryExpirables(layout: Layout): Expirables {
  const { fs, paths, now } = layout;

  async function* filesIn(directory: string, depth: number): AsyncGenerator<string> {
    for (const { name, kind } of await entriesOf(layout, join(paths.root, directory))) {
      const id = `${directory}/${name}`;
      if (kind === "file" && TEMPORARY.test(id)) yield id;
      else if (kind === "directory" && depth > 0) yield* filesIn(id, depth - 1);
    }
  }

  async function describe(id: string): Promise<Expirable | undefined> {
    const stat = await ifPresent(fs.lstat(join(paths.root, id)));
    if (stat?.kind !== "file") return undefined;
    // A further name of a file that has its lasting one by now frees nothing.
    return { id, ageMs: now() - stat.mtimeMs, bytes: stat.links === 1 ? stat.size : 0 };
  }

  return {
    kind: "temporary",
    async *list() {
      const own = ["", "/leases", "/locks", "/pins", "/released"].map((name) => `.store${name}`);
      const flat = [...own, "locks/quarantine", "packs"].map((path) => filesIn(path, 0));
      for (const files of [filesIn("manifests", NAME_DEPTH), ...flat]) {
        for await (const id of files) {
          const item = await explaining("look at an unfinished file", () => describe(id));
          if (item !== undefined) yield item;
        }
      }
    },
    async remove(id) {
      if (!TEMPORARY.test(id) || id.split("/").includes("..")) {
        throw new TypeError(`not an unfinished file: ${id}`);
      }
      if (layout.readOnly !== undefined) throw layout.readOnly;
      await explaining("remove an unfinished file", () =>
        ifPresent(fs.unlink(join(paths.root, id))),
      );
    },
  };
}

/** None behind a link, which would make what somebody keeps elsewhere look like ours. */
async function entriesOf({ fs }: Layout, path: string) {
  try {
    if ((await ifPresent(fs.lstat(path)))?.kind !== "directory") return [];
    return (await ifPresent(fs.entries(path))) ?? [];
  } catch (error) {
    if (isErrno(error, "ENOTDIR")) return [];
    throw error;
  }
}
