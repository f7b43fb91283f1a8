/** The grammar's limit for namespaces, models and tags. */
const PART_CHARS_MAX = 80;

/** Text as a part of a reference (model or tag): what the grammar does not take becomes `-`. */
export function referencePart(text: string): string {
  const fitted = text
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9_]+/, "")
    .slice(0, PART_CHARS_MAX)
    .replace(/\.+$/, "");
  return fitted === "" ? "model" : fitted;
}
