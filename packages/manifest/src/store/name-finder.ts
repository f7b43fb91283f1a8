import { join } from "node:path";

import type { FsPort } from "@store/layout";

import type { Name } from "../name/name.ts";
import { foldSegment, nameFromSegments, nameToSegments } from "../name/name-path.ts";
import { ifThere } from "./absent.ts";
import { isManifestsThere, mustBeInside } from "./inside-manifests.ts";
import type { ManifestEntry } from "./manifest-store.ts";

/** Where the manifest of a name is, or would be. */
export interface NameSlot {
  readonly path: string;
  /** The directories below `manifests/`, in the spelling they have on disk. */
  readonly place: readonly string[];
  readonly file: string;
  readonly exists: boolean;
  /** A flat name that exists and differs from this one, which does not, in nothing but case. */
  readonly rival: Name | undefined;
}

/** Finds the file of a name among the spellings it may have on disk. */
export interface NameFinder {
  /** The path of the name as it is spelled. */
  exactPath(name: Name): string;
  /**
   * Exact spelling first, then any other; of several others the lexically first. At most one
   * directory listing per level where no two directories differ in nothing but case.
   */
  find(name: Name): Promise<ManifestEntry | undefined>;
  /** All other spellings, lexically ascending. */
  findOthers(name: Name): Promise<readonly ManifestEntry[]>;
  slotFor(name: Name): Promise<NameSlot>;
}

export function createNameFinder(fs: FsPort, root: string, platform: NodeJS.Platform): NameFinder {
  /** The names in a directory that fold to the same text, lexically ascending. */
  async function spellings(
    directory: readonly string[],
    segment: string,
  ): Promise<readonly string[]> {
    const folded = foldSegment(segment);
    const found = await ifThere(fs.readdir(join(root, ...directory)));
    return (found ?? []).filter((name) => foldSegment(name) === folded).toSorted();
  }

  async function isFile(path: string): Promise<boolean> {
    const stat = await ifThere(fs.lstat(path));
    if (stat === undefined || stat.kind === "directory") return false;
    await mustBeInside(fs, root, path);
    return true;
  }

  /**
   * Whether the name exists as it is spelled. A file system that ignores case answers for every
   * spelling; where that is the rule, only a listing knows which one is on disk.
   */
  async function isSpelledSo(name: Name): Promise<boolean> {
    if (!(await isFile(exactPath(name)))) return false;
    if (platform !== "darwin" && platform !== "win32") return true;
    const wanted = nameToSegments(name, platform).join("/");
    return (await findAll(name)).some((segments) => segments.join("/") === wanted);
  }

  /** Every path in any spelling that carries the name. */
  async function findAll(name: Name): Promise<readonly (readonly string[])[]> {
    let found: readonly (readonly string[])[] = [[]];
    for (const segment of nameToSegments(name, platform)) {
      const longer: (readonly string[])[] = [];
      for (const directory of found) {
        const names = await spellings(directory, segment);
        for (const spelling of names) longer.push([...directory, spelling]);
      }
      found = longer;
    }
    const files: (readonly string[])[] = [];
    for (const segments of found) {
      if (nameFromSegments(segments) === undefined) continue;
      if (await isFile(join(root, ...segments))) files.push(segments);
    }
    return files;
  }

  async function findOthers(name: Name): Promise<readonly ManifestEntry[]> {
    const exact = exactPath(name);
    const entries: ManifestEntry[] = [];
    for (const segments of await findAll(name)) {
      const found = nameFromSegments(segments);
      const path = join(root, ...segments);
      if (found !== undefined && path !== exact) entries.push({ name: found, path });
    }
    return entries;
  }

  function exactPath(name: Name): string {
    return join(root, ...nameToSegments(name, platform));
  }

  function slot(
    segments: readonly string[],
    state: { readonly exists: boolean; readonly rival?: Name | undefined },
  ): NameSlot {
    return {
      path: join(root, ...segments),
      place: segments.slice(0, -1),
      file: segments.at(-1) ?? "",
      exists: state.exists,
      rival: state.rival,
    };
  }

  /** The listing decides on every platform: a flat name may have no rival. */
  async function flatSlot(name: Name): Promise<NameSlot> {
    const wanted = nameToSegments(name, platform);
    const all = await findAll(name);
    const exists = all.some((segments) => segments[0] === wanted[0]);
    const [other] = all;
    const rival = exists || other === undefined ? undefined : nameFromSegments(other);
    return slot(wanted, { exists, rival });
  }

  /**
   * The file in any spelling, or a new one in directories that exist already, if only in another
   * spelling, so that no two directories come to differ in nothing but case.
   */
  async function refSlot(name: Name): Promise<NameSlot> {
    const wanted = nameToSegments(name, platform);
    if (await isSpelledSo(name)) return slot(wanted, { exists: true });
    const [other] = await findAll(name);
    if (other !== undefined) return slot(other, { exists: true });
    const place: string[] = [];
    for (const segment of wanted.slice(0, -1)) {
      const names = await spellings(place, segment);
      place.push(names.includes(segment) ? segment : (names[0] ?? segment));
    }
    return slot([...place, ...wanted.slice(-1)], { exists: false });
  }

  return {
    exactPath,
    findOthers,
    async find(name) {
      if (await isSpelledSo(name)) return { name, path: exactPath(name) };
      const [other] = await findOthers(name);
      if (other === undefined) await isManifestsThere(fs, root);
      return other;
    },
    slotFor: (name) => (name.kind === "flat" ? flatSlot(name) : refSlot(name)),
  };
}
