import type { ErrorCode, ErrorKind } from "./error-code.ts";
import { errnoOf } from "./errno.ts";
import { isStoreError, StoreError } from "./store-error.ts";

interface Meaning {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly hint: string;
}

const noSpace: Meaning = {
  kind: "exhausted",
  code: "ERR_STORE_NO_SPACE",
  hint: "Free disk space (`store gc` may help) or raise the quota, then run the command again; verified bytes were kept.",
};
const denied: Meaning = {
  kind: "denied",
  code: "ERR_STORE_NO_PERMISSION",
  hint: "Give this user rights on the path, or choose another store with --home or MODELS_HOME.",
};
const ioFailed: Meaning = {
  kind: "unavailable",
  code: "ERR_STORE_IO_FAILED",
  hint: "Check the disk and its cabling or mount, then run the command again.",
};
const held: Meaning = {
  ...ioFailed,
  kind: "busy",
  hint: "Another program holds the file; try again when it is done.",
};
const tooManyFiles: Meaning = {
  kind: "busy",
  code: "ERR_STORE_TOO_MANY_FILES",
  hint: "Close other programs or raise the limit on open files (`ulimit -n`).",
};
const unfit: Meaning = {
  kind: "invalid",
  code: "ERR_STORE_PATH_UNUSABLE",
  hint: "Choose another path.",
};

const unsupported: Meaning = {
  kind: "unsupported",
  code: "ERR_STORE_FS_UNSUPPORTED",
  hint: "This file system lacks what the store needs; choose another store with --home or MODELS_HOME.",
};
/** Somebody else was at the same files: what is needed went, or what was free is taken. */
const meddled: Meaning = {
  kind: "conflict",
  code: "ERR_STORE_PATH_CHANGED",
  hint: "Another program changed the files meanwhile; run the command again.",
};

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  EFBIG: {
    ...noSpace,
    hint: "The file system or a limit of this shell refuses files of that size; choose another disk.",
  },
  EROFS: {
    kind: "denied",
    code: "ERR_STORE_READ_ONLY",
    hint: "The file system is mounted read-only; choose another store with --home or MODELS_HOME.",
  },
  EACCES: denied,
  EPERM: denied,
  EIO: ioFailed,
  ESTALE: ioFailed,
  EUCLEAN: ioFailed,
  EREMOTEIO: ioFailed,
  ENODEV: ioFailed,
  ENXIO: ioFailed,
  ENOMEM: ioFailed,
  ENOENT: meddled,
  EEXIST: meddled,
  ENOTEMPTY: meddled,
  ENOSYS: unsupported,
  ENOTSUP: unsupported,
  EOPNOTSUPP: unsupported,
  EBUSY: held,
  ETXTBSY: held,
  EXDEV: { ...ioFailed, hint: "Keep the whole store on one file system." },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  ENAMETOOLONG: unfit,
  ELOOP: unfit,
  ENOTDIR: unfit,
  EISDIR: unfit,
  EINVAL: unfit,
};

/**
 * Gives a failed system call its meaning: what was being done, what a caller should do next.
 *
 * Anything that is not a known system error (a `StoreError`, an abort, a bug) comes back untouched.
 *
 * @param doing what failed, to be read after "cannot": `write blob sha256:…`
 */
export function asStoreError(error: unknown, doing: string, path?: string): unknown {
  if (isStoreError(error)) return error;
  const errno = errnoOf(error);
  const meaning = errno === undefined ? undefined : meanings[errno];
  if (errno === undefined || meaning === undefined) return error;
  const where = path ?? (error as NodeJS.ErrnoException).path;
  return new StoreError(`cannot ${doing}: ${errno}${where === undefined ? "" : ` at ${where}`}`, {
    ...meaning,
    detail: { errno, ...(where === undefined ? {} : { path: where }) },
    cause: error,
  });
}

/** Runs `body`; a system error leaves it as {@link asStoreError} words it. */
export async function explaining<T>(doing: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw asStoreError(error, doing);
  }
}
