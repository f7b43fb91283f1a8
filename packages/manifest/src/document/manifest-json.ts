import type { JsonObject } from "../json/json-value.ts";
import { isJsonObject } from "../json/json-value.ts";
import { parseJson } from "../json/parse-json.ts";
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
   * The members of the root, or of an object that is a member of it, whose keys are not among the
   * known ones, in their order.
   */
  unknownMembers(object: JsonObject, known: readonly string[]): readonly ExtraField[] | undefined;
}

/**
 * Reads the JSON object a manifest is.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_INVALID`
 */
export function parseManifestJson(text: string, origin: Origin): ManifestJson {
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
    unknownMembers(object, known) {
      const extra = members.get(object)?.filter(({ key }) => !known.includes(key)) ?? [];
      return extra.length === 0 ? undefined : extra;
    },
  };
}
