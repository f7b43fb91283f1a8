import type { Digest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";

export function blobNotFound(digest: Digest): StoreError {
  return new StoreError(`no blob ${digest}`, {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    hint: "Pull the model that names it again.",
    detail: { digest },
  });
}

/** @param actual `undefined` where the size is impossible for the digest, whatever the bytes are */
export function sizeMismatch(
  expected: number,
  actual: number | undefined,
  digest: Digest | undefined,
): StoreError {
  const what = digest ?? "the source";
  const message =
    actual === undefined
      ? `${what} cannot have ${expected} bytes`
      : `${what} has ${actual} bytes, expected ${expected}`;
  return new StoreError(message, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    hint: "Fetch again or from another source.",
    detail: { expected, ...ifKnown({ actual, digest }) },
  });
}

export function sourceTooLong(expected: number, digest?: Digest): StoreError {
  return new StoreError(`the source has more than the ${expected} bytes expected`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_SOURCE_TOO_LONG",
    hint: "Fetch again or from another source.",
    detail: { expected, ...ifKnown({ digest }) },
  });
}

/** Of writes that were reported whole and are not. */
export function notKept(expected: number, actual: number): StoreError {
  return new StoreError(`the disk kept ${actual} of the ${expected} bytes it took`, {
    kind: "unavailable",
    code: "ERR_STORE_IO_FAILED",
    hint: "Check the disk and its free space, then run the command again.",
    detail: { expected, actual },
  });
}

/** @param quarantinePath where the bytes are kept, if they are */
export function digestMismatch(
  expected: Digest,
  actual: Digest,
  quarantinePath: string | undefined,
): StoreError {
  return new StoreError(`the bytes hash to ${actual}, expected ${expected}`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    hint:
      quarantinePath === undefined
        ? "Fetch again or from another source."
        : "Fetch again or from another source; the bytes were kept for inspection.",
    detail: { expected, actual, ...ifKnown({ quarantinePath }) },
  });
}

function ifKnown(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export function sourceNotFound(path: string): StoreError {
  return new StoreError(`no such file: ${path}`, {
    kind: "not-found",
    code: "ERR_STORE_SOURCE_NOT_FOUND",
    detail: { path },
  });
}
