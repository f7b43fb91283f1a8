/** What a `Content-Range` header says. Half open, as everywhere here; the header itself is not. */
export interface ContentRange {
  /** `undefined` in the form `bytes * / N` (without blanks) of a 416. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  /** `undefined` for `*`. */
  readonly total: number | undefined;
}

const pattern = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(?:(\d{1,16})|\*)$/i;

/** Reads RFC 9110 §14.4, strictly: two joined headers, other units and odd spacing are `undefined`. */
export function parseContentRange(text: string | null): ContentRange | undefined {
  const match = text === null ? null : pattern.exec(text.trim());
  if (match === null) return undefined;
  const [, first, last, size] = match;
  const total = size === undefined ? undefined : Number(size);
  if (total !== undefined && !Number.isSafeInteger(total)) return undefined;
  if (first === undefined || last === undefined) return { range: undefined, total };
  const start = Number(first);
  const end = Number(last) + 1;
  if (!Number.isSafeInteger(end) || end <= start) return undefined;
  if (total !== undefined && end > total) return undefined;
  return { range: { start, end }, total };
}

/** A `Content-Length`, or `undefined` where it is absent or not a plain number. */
export function parseContentLength(text: string | null): number | undefined {
  if (text === null || !/^\d{1,16}$/.test(text)) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : undefined;
}
