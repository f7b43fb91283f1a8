/** How a server wants to be asked, from `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Keys in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A challenge names a realm, a service and a scope; kilobytes of it are no challenge. */
const HEADER_CHARS_MAX = 8192;

const parameterPattern =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))/;

/**
 * The challenges of a header, in their order. Several headers arrive joined by commas, and commas
 * part the parameters as well: a word that no `=` follows begins the next challenge. What cannot be
 * read ends the list.
 */
export function parseChallenges(header: string | null): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = (header ?? "").slice(0, HEADER_CHARS_MAX);
  for (;;) {
    rest = rest.replace(/^[\s,]+/, "");
    const parameter = parameterPattern.exec(rest);
    const current = challenges.at(-1);
    if (parameter !== null && current !== undefined) {
      const [all, key = "", quoted, bare] = parameter;
      current.parameters.set(
        key.toLowerCase(),
        quoted === undefined ? (bare ?? "") : quoted.replaceAll(/\\(.)/gs, "$1"),
      );
      rest = rest.slice(all.length);
      continue;
    }
    const scheme = /^([A-Za-z][A-Za-z0-9_-]*)(?=[\s,]|$)/.exec(rest)?.[1];
    if (scheme === undefined) return challenges;
    challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme.length);
  }
}
