import type { ErrorKind } from "@store/layout";

/**
 * The status an error of each kind is answered with. Total, so that a new kind fails to compile
 * until it is mapped. `docs/http-api.md` has the same table.
 */
export const HTTP_STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  denied: 403,
  "not-found": 404,
  conflict: 409,
  busy: 423,
  corrupt: 500,
  internal: 500,
  unsupported: 501,
  unavailable: 503,
  exhausted: 507,
};
