import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** One line a worker writes before or after it did something. `digest` is `""` where there is none. */
export type LogEntry =
  /** It is about to give a name to a blob (`digest`) or to take the name away (`""`). */
  | { readonly kind: "begin"; readonly name: string; readonly digest: string }
  /** It was told that this is done. */
  | { readonly kind: "done"; readonly name: string; readonly digest: string }
  /** It was told that this could not be done; the name is as it was, or gone. */
  | { readonly kind: "refused"; readonly name: string; readonly code: string }
  /** What it read of a name and its blob. */
  | {
      readonly kind: "saw";
      readonly name: string;
      readonly digest: string;
      readonly blob: "right" | "wrong" | "absent";
    }
  /** Something else it did, for the count. */
  | { readonly kind: "note"; readonly what: string }
  /** It failed in a way nobody expects. */
  | { readonly kind: "failed"; readonly what: string; readonly message: string };

/** At once and whole: the next instant may be the process's last. */
export function writeLog(path: string, entry: LogEntry): void {
  appendFileSync(path, `${JSON.stringify(entry)}\n`);
}

export function readLog(path: string): readonly LogEntry[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // It was killed before its first line.
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogEntry);
}

/** How many entries of each kind, and notes of each deed, logs hold that are still being written. */
export function countKinds(paths: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const path of paths) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    // The last line may be cut; whole ones begin so.
    for (const [, kind = "", what] of text.matchAll(
      /^\{"kind":"(\w+)"(?:,"what":"([^"]+)"\})?/gm,
    )) {
      const name = what ?? kind;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}
