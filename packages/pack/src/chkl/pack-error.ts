import { type ErrorCode, type Finding, StoreError } from "@store/layout";

import type { PackId } from "./pack-id.ts";

/** Where damage shows. */
export interface PackPlace {
  readonly pack: PackId;
  /** Bytes from the start of the file in question. */
  readonly offset?: number;
}

/** Damage to the files of a pack. */
export function packCorrupt(
  code: ErrorCode,
  place: PackPlace & Readonly<Record<string, unknown>>,
  message: string,
  more?: { readonly hint?: string; readonly cause?: unknown },
): StoreError {
  return new StoreError(`pack ${place.pack}: ${message}`, {
    kind: "corrupt",
    code,
    hint: more?.hint,
    detail: place,
    cause: more?.cause,
  });
}

/** The same fact as a line of a verification. */
export function findingOf(error: StoreError, pack: PackId): Finding {
  return {
    severity: "error",
    code: error.code,
    subject: `pack-${pack}`,
    message: error.message,
    hint: error.hint,
    detail: error.detail,
  };
}
