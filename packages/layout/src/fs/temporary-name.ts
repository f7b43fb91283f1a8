import { randomBytes } from "node:crypto";

/** Random bytes in an id: 64 bits, so that two writers never meet by chance. */
const ID_BYTES = 8;

/** 16 hex digits nobody else has. */
export function createId(): string {
  return randomBytes(ID_BYTES).toString("hex");
}

/** Start of the names of files being written; listings ignore every dot file. */
export const TEMPORARY_PREFIX = ".tmp-";

/** A name for a file being written, beside its target. */
export function temporaryName(): string {
  return `${TEMPORARY_PREFIX}${createId()}`;
}
