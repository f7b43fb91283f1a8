import { join } from "node:path";

import {
  createId,
  type Debris,
  type DebrisItem,
  explaining,
  ifPresent,
  type Layout,
} from "@store/layout";

import { packDirectoryOf } from "../chkl/pack-home.ts";
import {
  type PackFileKind,
  packFileName,
  type PackId,
  parsePackFileName,
  parsePackTrashName,
} from "../chkl/pack-id.ts";
import { locateFile } from "./locate-file.ts";
import { isVisible, keepWithData, removeData } from "./trash-pack.ts";

/**
 * What interrupted writers and sweeps leave in `packs/`: files of packs without an index, an index
 * that stands alone, and second names of files that were given back. Any other index under a trash
 * name is none of it: it is given back, and the next sweep decides again.
 */
export function openPackDebris(layout: Layout): Debris {
  const { fs } = layout;
  const directory = packDirectoryOf(layout);
  const { dir } = directory;

  /** Whether a name is debris now. */
  async function isDebris(name: string): Promise<boolean> {
    const trash = parsePackTrashName(name);
    if (trash !== undefined) return isSecondName(name, packFileName(trash.id, trash.kind));
    const file = parsePackFileName(name);
    if (file?.kind === "idx") return isAlone(file.id);
    return file !== undefined && !(await exists(file.id));
  }

  /** Whether there is nothing that an index could speak of, and no list of what it spoke of. */
  async function isAlone(id: PackId): Promise<boolean> {
    for (const kind of ["dat", "ids"] as const)
      if ((await locateFile(directory, id, kind)) !== undefined) return false;
    return !(await isSplit(id));
  }

  /** Whether there is an index, under whichever name. */
  async function exists(id: PackId): Promise<boolean> {
    return (
      (await isVisible(directory, id)) || (await locateFile(directory, id, "idx")) !== undefined
    );
  }

  async function isSplit(id: PackId): Promise<boolean> {
    return (await ifPresent(fs.lstat(join(dir, packFileName(id, "dat.parts.json"))))) !== undefined;
  }

  async function isSecondName(name: string, own: string): Promise<boolean> {
    const [trash, file] = [
      await ifPresent(fs.lstat(join(dir, name))),
      await ifPresent(fs.lstat(join(dir, own))),
    ];
    if (trash === undefined) return false;
    if (file !== undefined) return true;
    const { id, kind } = parsePackTrashName(name) as { id: PackId; kind: PackFileKind };
    // An index speaks of nothing once the data is gone, under whichever name.
    return kind === "idx"
      ? (await locateFile(directory, id, "dat")) === undefined && !(await isSplit(id))
      : !(await exists(id));
  }

  async function describe(name: string): Promise<DebrisItem | undefined> {
    const stat = await ifPresent(fs.lstat(join(dir, name)));
    if (stat?.kind !== "file" || !(await isDebris(name))) return undefined;
    return {
      id: `packs/${name}`,
      ageMs: layout.now() - stat.mtimeMs,
      // A file with another name frees nothing.
      bytes: stat.links === 1 ? stat.size : 0,
    };
  }

  return {
    kind: "pack",
    async *list() {
      const names = await explaining("list the packs", () => ifPresent(fs.readdir(dir)));
      for (const name of (names ?? []).toSorted()) {
        const item = await explaining("look at a pack's file", () => describe(name));
        if (item !== undefined) yield item;
      }
    },
    async remove(id) {
      const name = id.replace(/^packs\//, "");
      const file = parsePackFileName(name) ?? parsePackTrashName(name);
      if (file === undefined) throw new TypeError(`not a leftover of packs: ${id}`);
      if (layout.readOnly !== undefined) throw layout.readOnly;
      await explaining("remove a pack's file", async () => {
        if (!(await isDebris(name))) return;
        if (parsePackTrashName(name) !== undefined) {
          await ifPresent(fs.unlink(join(dir, name)));
        } else if (file.kind === "idx") {
          await keepWithData(directory, file.id);
        } else {
          await removeData(directory, file.id, createId());
        }
      });
    },
  };
}
