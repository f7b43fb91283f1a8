import { appendFileSync, readFileSync } from "node:fs";

/** What a name holds: the key of a model, or `""` for a name that does not exist. */
export type Value = string;

/** One line a worker writes before or after it did something to one of its names. */
export type LogEntry =
  | { readonly kind: "begin"; readonly name: string; readonly value: Value }
  /** It was told that this is done. */
  | { readonly kind: "done"; readonly name: string; readonly value: Value }
  /** It was told that this could not be done: the name is as it was, or gone. */
  | { readonly kind: "refused"; readonly name: string; readonly code: number }
  /** What it read: `whole` if everything the name needs was there, with right bytes. */
  | {
      readonly kind: "saw";
      readonly name: string;
      readonly value: Value;
      readonly whole: boolean;
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
