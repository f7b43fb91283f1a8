import { randomUUID } from "node:crypto";

/** 16 hex digits nobody else has: 64 random bits, so that two writers never meet by chance. */
export function createId(): string {
  // Of a UUID, which Node makes from a pool, the digits that say nothing of its version.
  const uuid = randomUUID();
  return `${uuid.slice(0, 8)}${uuid.slice(-8)}`;
}

/** Start of the names of files being written; listings ignore every dot file. */
export const TEMPORARY_PREFIX = ".tmp-";

/** A name for a file being written, beside its target. */
export function temporaryName(): string {
  return `${TEMPORARY_PREFIX}${createId()}`;
}
