import { isStoreError, type StoreErrorJson } from "@store/layout";

/** What a client learns of a failure that is no `StoreError`: that there was one. */
const INTERNAL: StoreErrorJson = {
  kind: "internal",
  code: "ERR_STORE_INTERNAL",
  message: "the daemon failed to answer",
  hint: "Look at the daemon's log.",
};

const HIDDEN = "<path>";

/**
 * What is left of a hidden root, a `file:` URL, or a POSIX, Windows or UNC path where a word could
 * begin. `host/namespace/model` is none of them.
 */
const PATHS =
  /<path>[^\s"'`(),;]*|\bfile:[^\s"'`(),;]+|(?<![\w./:~%-])(?:\/(?!\/)|[A-Za-z]:[\\/]|\\\\)[^\s"'`(),;]+/gi;

/** Turns a caught value into what may leave the machine's files: no stack, no cause, no path. */
export type ErrorRedactor = (error: unknown) => StoreErrorJson;

/**
 * @param root absolute path of the store, replaced as a whole first: it may hold spaces, which would
 * end a path in the middle of a message
 */
export function createErrorRedactor(root: string): ErrorRedactor {
  const redactText = (text: string): string =>
    text.replaceAll(root, HIDDEN).replaceAll(PATHS, HIDDEN);

  function redact(value: unknown): unknown {
    if (typeof value === "string") return redactText(value);
    if (Array.isArray(value)) return value.map(redact);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !isPathKey(key))
        .map(([key, inner]) => [key, redact(inner)]),
    );
  }

  return (error) => {
    if (!isStoreError(error)) return INTERNAL;
    // Through JSON: what is redacted is what would be sent, whatever the detail holds.
    const json = JSON.parse(JSON.stringify(error.toJSON())) as StoreErrorJson;
    return redact(json) as StoreErrorJson;
  };
}

/** `path`, `quarantinePath`, `dir`, … : a relative path says no more to a client than none. */
function isPathKey(key: string): boolean {
  return /(?:path|dir|directory|file)$/i.test(key);
}

/** Takes a root out of every text of a value. What else it holds stays as it is. */
export function createPathHider(root: string): (value: object) => unknown {
  const written = JSON.stringify(root).slice(1, -1);
  return (value) => JSON.parse(JSON.stringify(value).replaceAll(written, HIDDEN)) as unknown;
}
