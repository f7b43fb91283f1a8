import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from "./characters.ts";
import { isJsonObject, type JsonValue } from "./json-value.ts";

const POINT = 0x2e;
const MINUS = 0x2d;
const CAPITAL_E = 0x45;
const SMALL_E = 0x65;
const DIGIT_LAST = 0x39;

/**
 * Reads what `parseJson` takes and needs none of its care for, at the speed of the platform's own
 * parser: no escapes by number, and only whole numbers that are exact. Anything else is `undefined`,
 * and then the strict parser decides.
 *
 * Keys are unique because there are as many members as colons. Objects are the platform's, so only
 * members asked for by name, or listed, are the document's.
 */
export function parsePlainJson(text: string, depthMax: number): JsonValue | undefined {
  if (text.includes("\\u") || text.includes("__proto__")) return undefined;
  const colons = countColons(text, depthMax);
  if (colons === undefined) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    // The strict parser says what is wrong, and where.
    return undefined;
  }
  return countMembers(value) === colons ? value : undefined;
}

/** Colons outside of texts; `undefined` if something there is for the strict parser. */
function countColons(text: string, depthMax: number): number | undefined {
  let colons = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        do at = text.indexOf('"', at + 1);
        while (at > 0 && isEscaped(text, at));
        if (at < 0) return undefined;
        break;
      }
      case COLON:
        colons += 1;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (depth >= depthMax) return undefined;
        depth += 1;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case POINT:
      case MINUS:
      case CAPITAL_E:
        return undefined;
      case SMALL_E:
        // An exponent, not the end of `true` or `false`.
        if (text.charCodeAt(at - 1) <= DIGIT_LAST) return undefined;
        break;
      default:
    }
  }
  return colons;
}

/** Whether an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let from = at;
  while (text.charCodeAt(from - 1) === BACKSLASH) from -= 1;
  return (at - from) % 2 === 1;
}

/** Keys at any depth; `NaN`, which equals nothing, if there is a number that was rounded. */
function countMembers(value: JsonValue): number {
  if (typeof value === "number") return Number.isSafeInteger(value) ? 0 : Number.NaN;
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (isJsonObject(value)) {
    for (const key in value) count += 1 + countMembers(value[key] ?? null);
  } else {
    for (const item of value) count += countMembers(item);
  }
  return count;
}
