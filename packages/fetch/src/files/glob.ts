import { StoreError } from "@store/layout";

/** Longest pattern; with the rules below matching is linear, so this only bounds memory. */
const PATTERN_CHARS_MAX = 1024;

/**
 * A test of paths against patterns: `*` is any run inside a segment, `**` any run across segments
 * (with the slash behind it: any number of folders, or none), `?` one character. A pattern without
 * `/` is tried against the last segment as well, so that `*.gguf` finds files in folders. Case
 * counts.
 *
 * @throws StoreError `ERR_STORE_PATTERN_INVALID` for a pattern over 1024 characters
 */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.map((pattern) => {
    if (pattern.length > PATTERN_CHARS_MAX) {
      throw tooLong(pattern);
    }
    return { expected: tokens(pattern), inName: !pattern.includes("/") };
  });
  return (path) =>
    tests.some(
      ({ expected, inName }) =>
        matches(expected, path) ||
        (inName && matches(expected, path.slice(path.lastIndexOf("/") + 1))),
    );
}

function tooLong(pattern: string): StoreError {
  const { length } = pattern;
  return new StoreError(`a pattern of ${length} characters, more than ${PATTERN_CHARS_MAX}`, {
    kind: "invalid",
    code: "ERR_STORE_PATTERN_INVALID",
    hint: "Write it with * and **, or give several.",
    detail: { pattern: `${pattern.slice(0, 100)}…`, length },
  });
}

type Token = "*" | "**" | "**/" | "?" | { readonly text: string };

function tokens(pattern: string): readonly Token[] {
  return [...pattern.matchAll(/\*{2,}\/?|\*|\?|[^*?]/gsu)].map(([text]): Token => {
    if (text.startsWith("**")) return text.endsWith("/") ? "**/" : "**";
    return text === "*" || text === "?" ? text : { text };
  });
}

/**
 * Walks all possible positions at once, token by token: no backtracking, so a hostile pattern costs
 * its length times the length of the path and no more.
 */
function matches(expected: readonly Token[], path: string): boolean {
  let states = new Set([0]);
  for (const token of expected) {
    states = step(token, states, path);
    if (states.size === 0) return false;
  }
  return states.has(path.length);
}

function step(token: Token, states: ReadonlySet<number>, path: string): Set<number> {
  const next = new Set<number>();
  for (const at of states) {
    if (typeof token === "object") {
      if (path.startsWith(token.text, at)) next.add(at + token.text.length);
    } else if (token === "?") {
      if (at < path.length && path[at] !== "/") next.add(at + 1);
    } else if (token === "**/") {
      next.add(at);
      for (let slash = path.indexOf("/", at); slash >= 0; slash = path.indexOf("/", slash + 1)) {
        next.add(slash + 1);
      }
    } else {
      for (let end = at; !next.has(end); end++) {
        next.add(end);
        if (end >= path.length || (token === "*" && path[end] === "/")) break;
      }
    }
  }
  return next;
}
