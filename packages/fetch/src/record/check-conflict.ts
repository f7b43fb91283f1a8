import { type Digest, StoreError } from "@store/layout";
import { filesOf, formatName, type Name, type StoredManifest } from "@store/manifest";

import type { ResolvedModel } from "../source.ts";
import type { ExistingManifest } from "./read-existing.ts";
import { isSameSource } from "./same-source.ts";

/** A file as far as it is known. */
interface KnownFile {
  readonly path: string;
  readonly digest?: Digest | undefined;
  readonly size?: number | undefined;
}

/** Up to here it is cheap to fetch a file only to find out whether it is the same. */
const CHEAP_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Refuses to give a name other content than it has, unless both come from the same source.
 *
 * @param files what the name is to hold; a digest that is not known yet counts as equal where it
 * costs little to find out
 * @throws StoreError `ERR_STORE_NAME_CONFLICT`
 */
export function checkConflict(
  existing: ExistingManifest | undefined,
  { source, manifest, place }: Pick<ResolvedModel, "source" | "manifest" | "place">,
  files: readonly KnownFile[],
): void {
  if (existing === undefined || isSameSource(existing, { source, place })) return;
  if (manifest !== undefined && Buffer.compare(manifest.bytes, existing.bytes) === 0) return;
  const isLocal = source.registry === "";
  const mayBe = ({ size = Infinity }: KnownFile): boolean => isLocal || size <= CHEAP_BYTES_MAX;
  if (!holdsSame(existing, files, mayBe)) throw nameTaken(existing.name, existing);
}

/** @param taken what is in the way, under the same name or one that would be confused with it */
export function nameTaken(name: Name, taken: StoredManifest): StoreError {
  const [wanted, other] = [formatName(name), formatName(taken.name)];
  const what =
    wanted === other
      ? `${wanted} exists and holds another model`
      : `${wanted} would be confused with ${other}, which exists`;
  return new StoreError(what, {
    kind: "conflict",
    code: "ERR_STORE_NAME_CONFLICT",
    hint: "Choose another name with --as, or remove the old one first.",
    detail: { expected: wanted, actual: other },
  });
}

/** One file may have another name in each of the two; several must agree in their paths as well. */
function holdsSame(
  { document }: StoredManifest,
  files: readonly KnownFile[],
  mayBe: (file: KnownFile) => boolean,
): boolean {
  const held = filesOf(document);
  if (held.length !== files.length || held.length === 0) return false;
  const byPath = new Map(held.map(({ path, digest }) => [path, digest]));
  return files.every((file) => {
    const other = files.length === 1 ? held[0]?.digest : byPath.get(file.path);
    if (other === undefined) return false;
    return file.digest === undefined ? mayBe(file) : file.digest === other;
  });
}
