import type { ManifestJson } from "../document/manifest-json.ts";
import { decodeText } from "../json/decode-text.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json-value.ts";
import { SOURCE_FIELDS, V1_FIELDS } from "./v1-fields.ts";

/** Documents of this form have about 500 bytes; larger ones are not worth reading twice. */
const PLAIN_BYTES_MAX = 4_096;

const BEGINNING = '{\n  "schema_version": 1,';

/**
 * Reads what inferd and this package write, which is nearly every v1 manifest there is, at the
 * speed of the platform's own parser. Anything it is not sure of is `undefined`, and then the strict
 * parser decides.
 *
 * A text that comes out the same when it is written again names no key twice and rounds no number;
 * without a backslash it holds no half of a surrogate pair; and with known fields alone it names no
 * `__proto__`, nests no deeper than `source`, and has nothing that a rewrite would have to keep.
 */
export function parsePlainV1(bytes: Uint8Array): ManifestJson | undefined {
  if (bytes.length > PLAIN_BYTES_MAX) return undefined;
  const text = decodeText(bytes);
  if (text === undefined || !text.startsWith(BEGINNING) || text.includes("\\")) return undefined;
  try {
    const root = JSON.parse(text) as JsonValue;
    return isPlain(root) && `${JSON.stringify(root, null, 2)}\n` === text
      ? { root, unknownMembers: () => undefined }
      : undefined;
  } catch (error) {
    // The strict parser says where it is no JSON.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isPlain(root: JsonValue): root is JsonObject {
  if (!isJsonObject(root)) return false;
  for (const key of Object.keys(root)) {
    const value = root[key];
    if (key === "source" ? !isPlainSource(value) : !V1_FIELDS.includes(key) || !isExact(value)) {
      return false;
    }
  }
  return true;
}

function isPlainSource(source: JsonValue | undefined): boolean {
  if (!isJsonObject(source)) return false;
  for (const key of Object.keys(source)) {
    if (!SOURCE_FIELDS.includes(key) || !isExact(source[key])) return false;
  }
  return true;
}

/** Whether a value holds no others, and is no number but a whole and exact one. */
function isExact(value: JsonValue | undefined): boolean {
  return typeof value === "string" || value === null || Number.isSafeInteger(value);
}
