/**
 * What a caller should do about an error. The set is closed: the tables of exit codes and HTTP
 * statuses in the apps are total over it, so a new kind fails to compile until it is mapped.
 */
export type ErrorKind =
  | "invalid"
  | "not-found"
  | "conflict"
  | "busy"
  | "corrupt"
  | "unsupported"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "internal";

/** What happened: stable, prefixed, owned by the package that throws it. The set is open. */
export type ErrorCode = `ERR_STORE_${string}`;
