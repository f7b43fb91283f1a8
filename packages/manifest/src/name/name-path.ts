import type { Name } from "./name.ts";
import { checkName } from "./check-name.ts";
import { findPartProblem } from "./name-parts.ts";

const ENDING = ".json";

/** How deep below `manifests/` the manifests of references lie. */
export const REF_DEPTH = 4;

/**
 * The path of a name below `manifests/`, in its parts: `<name>.json`, or host, namespace, model
 * and tag. On Windows, where no file name can have one, a colon in a host is written `%3A`.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID` for a name that was not parsed and would not pass
 */
export function nameToSegments(name: Name, platform: NodeJS.Platform): readonly string[] {
  checkName(name);
  if (name.kind === "flat") return [`${name.name}${ENDING}`];
  const host = platform === "win32" ? name.host.replaceAll(":", "%3A") : name.host;
  return [host, name.namespace, name.model, name.tag];
}

/** The name a path below `manifests/` carries, or `undefined` if it carries none. */
export function nameFromSegments(segments: readonly string[]): Name | undefined {
  if (segments.length === 1) {
    const [file = ""] = segments;
    if (!file.endsWith(ENDING)) return undefined;
    const name = file.slice(0, -ENDING.length);
    return findPartProblem("name", name) === undefined ? { kind: "flat", name } : undefined;
  }
  if (segments.length !== REF_DEPTH) return undefined;
  const [directory = "", namespace = "", model = "", tag = ""] = segments;
  const host = decodeHost(directory);
  const fits =
    findPartProblem("host", host) === undefined &&
    findPartProblem("namespace", namespace) === undefined &&
    findPartProblem("model", model) === undefined &&
    findPartProblem("tag", tag) === undefined;
  return fits ? { kind: "ref", host, namespace, model, tag } : undefined;
}

/** The text by which two parts of a path are the same part of a name. */
export function foldSegment(segment: string): string {
  return decodeHost(segment).toLowerCase();
}

/** Both spellings of a colon are read everywhere; `%` itself is in no name. */
function decodeHost(directory: string): string {
  return directory.replaceAll(/%3a/gi, ":");
}
