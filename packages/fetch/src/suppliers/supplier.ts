import { type ErrorCode, isStoreError, type StoreError } from "@store/layout";

import type { ResolvedModel, Source, SourceFile } from "../source.ts";

/** A file at one of the places that have it. */
export interface PlacedFile {
  readonly source: Source;
  readonly model: ResolvedModel;
  readonly file: SourceFile;
}

/** A place that may have the bytes of a file. */
export interface Supplier {
  /** Without credentials. */
  readonly location: string;
  /** The file there; `undefined` if it has another one or none. May ask the place, once. */
  find(): Promise<PlacedFile | undefined>;
}

/** What a place can do wrong. Everything else that fails is ours, and no other place would help. */
const faults: ReadonlySet<ErrorCode> = new Set([
  "ERR_STORE_UPSTREAM_ERROR",
  "ERR_STORE_UPSTREAM_TIMEOUT",
  "ERR_STORE_UPSTREAM_CHANGED",
  "ERR_STORE_RANGE_IGNORED",
  "ERR_STORE_RATE_LIMITED",
  "ERR_STORE_MODEL_NOT_FOUND",
  "ERR_STORE_AUTH_REQUIRED",
  "ERR_STORE_AUTH_REFUSED",
  "ERR_STORE_CREDENTIALS_INVALID",
  "ERR_STORE_OFFLINE",
  "ERR_STORE_POLICY_REFUSED",
  "ERR_STORE_LOCATION_UNKNOWN",
  "ERR_STORE_LOCATION_AMBIGUOUS",
  "ERR_STORE_NOT_A_FILE",
  "ERR_STORE_BLOB_SIZE_MISMATCH",
  "ERR_STORE_BLOB_SOURCE_TOO_LONG",
]);

/** Whether a transfer failed because of where the bytes were to come from. */
export function isSupplierFault(error: unknown): error is StoreError {
  return isStoreError(error) && faults.has(error.code);
}

export function isDigestMismatch(error: unknown): error is StoreError {
  return isStoreError(error, "ERR_STORE_BLOB_DIGEST_MISMATCH");
}
