import type { Digest } from "@store/layout";

/** The strong entity tag of a blob: its digest, which is all there is to say about its bytes. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

// RFC 9110, section 8.8.3: a tag is anything visible but a double quote, and may hold a comma.
const TAG = /^[ \t]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*"))?[ \t]*(?:,|$)/;

/**
 * Whether a list of entity tags (`If-Match`, `If-None-Match`) names ours. `*` names everything.
 * A list that breaks off into nonsense is read up to there.
 *
 * @param comparison `strong` takes no tag marked as weak
 */
export function listsTag(field: string, tag: string, comparison: "strong" | "weak"): boolean {
  if (field.trim() === "*") return true;
  let rest = field;
  while (rest !== "") {
    const match = TAG.exec(rest);
    if (match === null) return false;
    if (match[2] === tag && (comparison === "weak" || match[1] === undefined)) return true;
    rest = rest.slice(match[0].length);
  }
  return false;
}

/** Whether `If-Range` lets the range through: only our own tag, strong. We have no dates. */
export function allowsRange(field: string | null, tag: string): boolean {
  return field === null || field.trim() === tag;
}
