import type { JsonObject } from "../json/json-value.ts";
import { isJsonObject } from "../json/json-value.ts";
import { parseJson } from "../json/parse-json.ts";
import { parsePlainJson } from "../json/parse-plain-json.ts";
import type { ExtraField } from "../v1/v1-manifest.ts";
import { manifestInvalid, type Origin } from "./manifest-error.ts";

/**
 * The largest manifest seen in the wild has 90 KiB (a model of one layer per tensor); registries
 * accept up to 4 MiB, and so do we. It bounds memory and the time one document can hold the loop.
 */
export const MANIFEST_BYTES_MAX: number = 4 * 1024 * 1024;

/** A manifest needs six levels; unknown fields get the rest. Recursion ends here. */
const DEPTH_MAX = 64;

/** The top level of a document, and the members of its outer objects as they were written. */
export interface ManifestJson {
  readonly root: JsonObject;
  /**
   * The members of the root, or of an object that is its member `key`, that are not among the known
   * ones, in their order.
   */
  unknownMembers(known: readonly string[], key?: string): readonly ExtraField[] | undefined;
}

/**
 * Reads the JSON object a manifest is.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID`
 */
export function parseManifestJson(text: string, origin: Origin): ManifestJson {
  const root = parsePlainJson(text, DEPTH_MAX);
  if (root === undefined || !isJsonObject(root)) return parseStrictly(text, origin);
  return {
    root,
    unknownMembers(known, key) {
      const object = key === undefined ? root : root[key];
      const isKnown = isJsonObject(object) && Object.keys(object).every((k) => known.includes(k));
      return isKnown ? undefined : parseStrictly(text, origin).unknownMembers(known, key);
    },
  };
}

/** The same with every step in our hands: it says what is wrong where, and what was written. */
function parseStrictly(text: string, origin: Origin): ManifestJson {
  const members = new Map<object, ExtraField[]>();
  const root = parseJson(text, {
    depthMax: DEPTH_MAX,
    fail: (message, offset) => manifestInvalid([`${message} at offset ${offset}`], origin),
    onMember(object, key, json) {
      const list = members.get(object);
      if (list === undefined) members.set(object, [{ key, json }]);
      else list.push({ key, json });
    },
  });
  if (!isJsonObject(root)) throw manifestInvalid(["not a JSON object"], origin);
  return {
    root,
    unknownMembers(known, key) {
      const object = key === undefined ? root : root[key];
      const listed = isJsonObject(object) ? members.get(object) : undefined;
      const extra = listed?.filter((member) => !known.includes(member.key)) ?? [];
      return extra.length === 0 ? undefined : extra;
    },
  };
}
