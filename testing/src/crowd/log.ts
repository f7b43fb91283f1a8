import { appendFileSync, readFileSync } from "node:fs";

/** What a name holds, in whatever way a crowd says it; `""` for a name that does not exist. */
export type Value = string;

/** One line a worker writes before or after it did something to one of its names. */
export type LogEntry =
  | { readonly kind: "begin"; readonly name: string; readonly value: Value }
  /** It was told that this is done. */
  | { readonly kind: "done"; readonly name: string; readonly value: Value }
  /** It was told that this could not be done: the name is as it was, or gone. */
  | { readonly kind: "refused"; readonly name: string; readonly code: string }
  /** What it read, and whether the bytes that the name needs were there and right. */
  | {
      readonly kind: "saw";
      readonly name: string;
      readonly value: Value;
      readonly bytes: "right" | "wrong" | "absent";
    }
  /** It pinned what the name holds, or ended the pin (`value` is `""`). */
  | { readonly kind: "pin"; readonly name: string; readonly value: Value }
  /** Something else it did, for the count. */
  | { readonly kind: "note"; readonly what: string }
  /** It failed in a way nobody expects. */
  | { readonly kind: "failed"; readonly what: string; readonly message: string };

/** At once and whole: the next instant may be the process's last. */
export function writeLog(path: string, entry: LogEntry): void {
  appendFileSync(path, `${JSON.stringify(entry)}\n`);
}

/** What a log holds by now. Whoever was killed before its first line left none. */
export function readLog(path: string): readonly LogEntry[] {
  return readIfThere(path)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogEntry);
}

/** How many entries of each kind, and notes of each deed, logs hold that are still being written. */
export function countKinds(paths: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const path of paths) {
    // The last line may be cut; whole ones begin so.
    for (const [, kind = "", what] of readIfThere(path).matchAll(
      /^\{"kind":"(\w+)"(?:,"what":"([^"]+)"\})?/gm,
    )) {
      const name = what ?? kind;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
