/** Linux's EDQUOT. Node has no name for it: its `code` reads "Unknown system error -122". */
const EDQUOT_ERRNO = -122;

/** The system's name of a failed call (`ENOENT`, `EDQUOT`, …), or `undefined` for any other value. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (errno === EDQUOT_ERRNO) return "EDQUOT";
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) && !code.startsWith("ERR_")
    ? code
    : undefined;
}

/** Whether a caught value is one of the named system errors. */
export function isErrno(error: unknown, ...names: readonly string[]): boolean {
  const name = errnoOf(error);
  return name !== undefined && names.includes(name);
}
