import type { ErrorKind } from "@store/layout";

/** What the process ends with when an error of each kind keeps it from starting or going on. */
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
