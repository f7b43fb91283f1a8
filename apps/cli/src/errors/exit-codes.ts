import type { ErrorKind } from "@store/layout";

/** Exit code of each kind of error. Total: a new kind fails to compile until it is mapped. */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  internal: 1,
  invalid: 2,
  "not-found": 3,
  conflict: 4,
  busy: 5,
  corrupt: 6,
  unsupported: 7,
  denied: 8,
  exhausted: 9,
  unavailable: 10,
};

/** The user ended the command. */
export const EXIT_ABORTED = 130;
