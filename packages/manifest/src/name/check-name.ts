import type { Name } from "./name.ts";
import { refInvalid } from "./name-error.ts";
import { findPartProblem } from "./name-parts.ts";

const refParts = ["host", "namespace", "model", "tag"] as const;

/**
 * A name as it may become a path. Names from `parseName` pass by construction; this is for those
 * that were put together by hand.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export function checkName(name: Name): Name {
  if (name.kind === "flat") {
    const problem = findPartProblem("name", name.name);
    if (problem !== undefined) throw refInvalid(name.name, "name", problem);
    return name;
  }
  for (const part of refParts) {
    const problem = findPartProblem(part, name[part]);
    if (problem !== undefined) throw refInvalid(name[part], part, problem);
  }
  return name;
}
