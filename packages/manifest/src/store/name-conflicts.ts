import { foldName } from "../name/format-name.ts";
import { type FlatName, type Name, REF_DEFAULTS, type RefName } from "../name/name.ts";
import { findPartProblem } from "../name/name-parts.ts";

/**
 * The reference a bare word means when there is no flat name of it, or `undefined` if the word is
 * no model name.
 */
export function refTwin(name: FlatName): RefName | undefined {
  return findPartProblem("model", name.name) === undefined
    ? { kind: "ref", ...REF_DEFAULTS, model: name.name }
    : undefined;
}

/** The flat name that would hide a reference from those who type its model alone, if any can. */
function flatTwin(name: RefName): FlatName | undefined {
  if (findPartProblem("name", name.model) !== undefined) return undefined;
  const plain = foldName({ kind: "ref", ...REF_DEFAULTS, model: name.model });
  return foldName(name) === plain ? { kind: "flat", name: name.model } : undefined;
}

/** The other name that the same bare word can mean. */
export function twinOf(name: Name): Name | undefined {
  return name.kind === "flat" ? refTwin(name) : flatTwin(name);
}
