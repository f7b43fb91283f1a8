/** Linux's own names of what file systems say and Node has none for: "Unknown system error -122". */
const UNNAMED: Readonly<Record<number, string>> = {
  [-117]: "EUCLEAN",
  [-121]: "EREMOTEIO",
  [-122]: "EDQUOT",
};

/** The system's name of a failed call (`ENOENT`, `EDQUOT`, …), or `undefined` for any other value. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  const unnamed = errno === undefined ? undefined : UNNAMED[errno];
  if (unnamed !== undefined) return unnamed;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) && !code.startsWith("ERR_")
    ? code
    : undefined;
}

/** Whether a caught value is one of the named system errors. */
export function isErrno(error: unknown, ...names: readonly string[]): boolean {
  const name = errnoOf(error);
  return name !== undefined && names.includes(name);
}
