import { StoreError } from "@store/layout";

declare const packIdBrand: unique symbol;

/**
 * The short name of a pack: 16 lower-case hex digits, the first half of the canonical XXH3-128
 * over its entries and then its header. Only {@link parsePackId} and the writer make one, so a
 * path built from it needs no further check.
 */
export type PackId = string & { readonly [packIdBrand]: true };

/** A pack's files beside each other. */
export type PackFileKind = "dat" | "idx" | "ids";

const idPattern = /^[0-9a-f]{16}$/;
const filePattern = /^pack-([0-9a-f]{16})\.(dat|idx|ids|dat\.parts\.json)$/;
const trashPattern = /^pack-([0-9a-f]{16})\.(dat|idx|ids)\.trash-[0-9A-Za-z-]{1,64}$/;

/**
 * Reads a pack's id from 16 lower-case hex digits.
 *
 * @throws StoreError `ERR_STORE_PACK_ID_INVALID`
 */
export function parsePackId(text: string): PackId {
  if (idPattern.test(text)) return text as PackId;
  const shown = text.slice(0, 100);
  throw new StoreError(`not a pack id: ${JSON.stringify(shown)}`, {
    kind: "invalid",
    code: "ERR_STORE_PACK_ID_INVALID",
    hint: "A pack id is the 16 lower-case hexadecimal digits of its file names.",
    detail: { text: shown },
  });
}

/** The same, or `undefined` for any other value. */
export function asPackId(value: unknown): PackId | undefined {
  return typeof value === "string" && idPattern.test(value) ? (value as PackId) : undefined;
}

/** The name of one of a pack's files, `pack-<id>.dat` and so on. */
export function packFileName(id: PackId, kind: PackFileKind | "dat.parts.json"): string {
  return `pack-${id}.${kind}`;
}

/** The name of one part of a pack whose data chkpt has split. */
export function packPartName(id: PackId, part: number): string {
  return `pack-${id}.dat.part-${String(part).padStart(6, "0")}`;
}

/** What a file name says, or `undefined` if it is no file of a pack (or one of the parts). */
export function parsePackFileName(
  name: string,
): { readonly id: PackId; readonly kind: PackFileKind | "dat.parts.json" } | undefined {
  const match = filePattern.exec(name);
  if (match === null) return undefined;
  const [, id, kind] = match;
  return { id: id as PackId, kind: kind as PackFileKind | "dat.parts.json" };
}

/**
 * The name one of a pack's files has while somebody decides whether the pack may go. A reader gives
 * the file its own name back.
 */
export function packTrashName(id: PackId, kind: PackFileKind, sweep: string): string {
  return `${packFileName(id, kind)}.trash-${sweep}`;
}

/** What a trash name says, or `undefined` if the name is none. */
export function parsePackTrashName(
  name: string,
): { readonly id: PackId; readonly kind: PackFileKind } | undefined {
  const match = trashPattern.exec(name);
  if (match === null) return undefined;
  const [, id, kind] = match;
  return { id: id as PackId, kind: kind as PackFileKind };
}
