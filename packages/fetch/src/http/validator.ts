import type { AnswerFields } from "./answer-fields.ts";

/** An entity tag is an opaque mark; kilobytes of it are an attack, not a mark. */
const ETAG_CHARS_MAX = 512;

/** RFC 9110 §8.8.2.2: a date is a strong validator only when it is clearly older than the answer. */
const STRONG_DATE_AGE_MS = 60_000;

const strongTag = /^"[\x21\x23-\x7e\x80-\xff]+"$/;

/**
 * The validator of an answer that proves two answers carry the same bytes: a strong `ETag`, else a
 * `Last-Modified` that is safely in the past. Weak tags promise no such thing and are `undefined`.
 */
export function strongValidator(headers: AnswerFields): string | undefined {
  const tag = headers.get("etag")?.trim();
  if (tag !== undefined) {
    return tag.length <= ETAG_CHARS_MAX && strongTag.test(tag) ? tag : undefined;
  }
  const modified = headers.get("last-modified");
  if (modified === null) return undefined;
  const ageMs = Date.parse(headers.get("date") ?? "") - Date.parse(modified);
  return ageMs >= STRONG_DATE_AGE_MS ? modified : undefined;
}

/** Whether an answer carries the bytes that `expected` stands for, as far as its headers tell. */
export function matchesValidator(headers: AnswerFields, expected: string): boolean {
  if (expected.startsWith('"')) return headers.get("etag")?.trim() === expected;
  // A partial answer may leave the date out: `If-Range` was sent, so the server compared it.
  const modified = headers.get("last-modified");
  return modified === null || modified === expected;
}
