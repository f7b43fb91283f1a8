import type { ByteRange } from "@store/layout";

/** What a `Range` field asks of a representation of known size. */
export type RangeAnswer = ByteRange | "whole" | "unsatisfiable";

const BYTES_UNIT = /^bytes=/i;
const ONE_RANGE = /^[ \t]*(\d*)-(\d*)[ \t]*$/;

/**
 * Reads a `Range` field by RFC 9110, section 14. One range is honoured: `a-b`, `a-`, `-n`.
 *
 * Everything else means the whole: another unit, a syntax error, a last position before the first
 * (all three MUST or MAY be ignored), and more than one range, so that no client can make us send
 * overlapping pieces. A range that begins at or beyond the end, and a suffix of no bytes, cannot be
 * satisfied.
 *
 * @param size bytes of the representation; above any digits the range may have is no problem, since
 * positions only ever get compared with it
 */
export function parseRange(field: string | null, size: number): RangeAnswer {
  if (field === null || !BYTES_UNIT.test(field)) return "whole";
  const parts = ONE_RANGE.exec(field.slice("bytes=".length));
  const [, first = "", last = ""] = parts ?? [];
  if (parts === null || (first === "" && last === "")) return "whole";
  if (first === "") return suffixRange(Number(last), size);
  const start = Number(first);
  if (last !== "" && isBefore(last, first)) return "whole";
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

function suffixRange(length: number, size: number): RangeAnswer {
  if (length === 0) return "unsatisfiable";
  // The last n bytes of nothing are nothing, which `Content-Range` has no words for.
  return size === 0 ? "whole" : { start: Math.max(0, size - length), end: size };
}

/** Compares decimal digits exactly: as numbers, 2^53 and its successor would be the same. */
function isBefore(left: string, right: string): boolean {
  const a = left.replace(/^0+/, "");
  const b = right.replace(/^0+/, "");
  return a.length === b.length ? a < b : a.length < b.length;
}
