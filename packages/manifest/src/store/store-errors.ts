import { type Digest, type ErrorKind, isErrno, isStoreError, StoreError } from "@store/layout";

import { formatName } from "../name/format-name.ts";
import type { Name } from "../name/name.ts";

export function manifestNotFound(name: Name): StoreError {
  const ref = formatName(name);
  return new StoreError(`no model is called ${ref}`, {
    kind: "not-found",
    code: "ERR_STORE_MANIFEST_NOT_FOUND",
    hint: "List the names with `store ls`.",
    detail: { ref },
  });
}

export function blobMissing(name: Name, digest: Digest): StoreError {
  const text = formatName(name);
  return new StoreError(`${text} needs blob ${digest}, which the store does not have`, {
    kind: "not-found",
    code: "ERR_STORE_MANIFEST_BLOB_MISSING",
    hint: "Pull the model again.",
    detail: { name: text, digest },
  });
}

/** @param expected the digest asked for, `null` for a name that must not exist */
export function manifestChanged(
  name: Name,
  expected: Digest | null,
  actual: Digest | undefined,
): StoreError {
  const text = formatName(name);
  const found = actual === undefined ? "gone or unreadable" : actual;
  const wanted = expected === null ? "not to exist" : `to be ${expected}`;
  return new StoreError(`${text} is ${found}, and was expected ${wanted}`, {
    kind: "conflict",
    code: "ERR_STORE_MANIFEST_CHANGED",
    hint: "Look at the name again and decide anew.",
    detail: { name: text, expected, actual: actual ?? null },
  });
}

export function nameConflict(name: Name, existing: Name): StoreError {
  const text = formatName(name);
  const other = formatName(existing);
  return new StoreError(`${text} would be confused with ${other}, which exists`, {
    kind: "conflict",
    code: "ERR_STORE_NAME_CONFLICT",
    hint: `Choose another name, or remove ${other} first.`,
    detail: { expected: text, actual: other },
  });
}

export function nameMismatch(path: string, found: string, expected: string): StoreError {
  return new StoreError(`the manifest at ${path} says it is called ${JSON.stringify(found)}`, {
    kind: "corrupt",
    code: "ERR_STORE_MANIFEST_NAME_MISMATCH",
    hint: `Its name must be ${JSON.stringify(expected)}, like that of its file.`,
    detail: { path, name: found },
  });
}

/** Something else, a link as a rule, where a directory of the store belongs. */
export function notADirectory(path: string, cause?: unknown): StoreError {
  return new StoreError(`not a directory: ${path}`, {
    kind: "corrupt",
    code: "ERR_STORE_NOT_A_DIRECTORY",
    hint: "Look at what it is, then move it away.",
    detail: { path },
    cause,
  });
}

/** A document that cannot stand under a name of that kind. */
export function nameUnfit(name: Name, why: string): StoreError {
  const text = formatName(name);
  return new StoreError(`${text} cannot hold this manifest: ${why}`, {
    kind: "invalid",
    code: "ERR_STORE_NAME_UNFIT",
    hint:
      name.kind === "flat"
        ? "Use a full reference: host/namespace/model:tag."
        : "Use a flat name, without `/` and `:`.",
    detail: { name: text },
  });
}

/** What stops a sweep (INV-5). The kind says whether there is anything to mend. */
export function rootUnreadable(name: string, cause: unknown): StoreError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(`cannot tell what ${name} needs: ${why}`, {
    kind: kindOf(cause),
    code: "ERR_STORE_ROOT_UNREADABLE",
    hint: "Mend it (pull it again, or give this user rights on it) or, to do without what only it needs, remove it on purpose, or move its file out of `manifests/`; until then nothing is swept.",
    detail: { name, ...(isStoreError(cause) && { reason: cause.code }) },
    cause,
  });
}

/** What may not be read, or is not understood, need not be damaged. */
function kindOf(cause: unknown): ErrorKind {
  if (isErrno(cause, "EACCES", "EPERM")) return "denied";
  const known = isStoreError(cause) && (cause.kind === "denied" || cause.kind === "unsupported");
  return known ? cause.kind : "corrupt";
}
