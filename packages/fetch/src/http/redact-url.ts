/** Longest URL shown in a message; a signed one can have kilobytes of query. */
const SHOWN_CHARS_MAX = 300;

/**
 * A URL as it may appear in messages and records: without credentials, query and fragment, which
 * is where tokens and signatures live.
 */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === "string" ? parseUrl(url) : url;
  const shown =
    parsed === undefined || !/^(https?|file):$/.test(parsed.protocol)
      ? (typeof url === "string" ? url : url.href)
          .replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@]*@/i, "$1")
          .replace(/[?#].*$/s, "")
      : `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search === "" ? "" : "?…"}`;
  return shown.length > SHOWN_CHARS_MAX ? `${shown.slice(0, SHOWN_CHARS_MAX)}…` : shown;
}

/** A URL, or `undefined` for text that is none. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    // The only error of the constructor: text that is not a URL.
    return undefined;
  }
}
