import type { LogEntry, Value } from "./log.ts";

export interface Replayed {
  /** What each name may hold in the end. */
  readonly names: ReadonlyMap<string, ReadonlySet<Value>>;
  /** Names whose last change was acknowledged, and what they hold. */
  readonly acknowledged: ReadonlyMap<string, Value>;
  /** What a pin keeps for certain, by the name that was pinned. */
  readonly pinned: ReadonlyMap<string, Value>;
  readonly violations: readonly string[];
  /** How often each thing was done. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Replays what one writer did and was told, its deaths included, and compares it with what it saw.
 * Each name has one writer, so its log alone decides what the name may hold.
 */
export function replay(entries: readonly LogEntry[]): Replayed {
  const names = new Map<string, ReadonlySet<Value>>();
  const acknowledged = new Map<string, Value>();
  const pinned = new Map<string, Value>();
  const violations: string[] = [];
  const counts: Record<string, number> = {};
  const possible = (name: string): ReadonlySet<Value> => names.get(name) ?? new Set([""]);

  function look({ name, value, bytes }: Extract<LogEntry, { kind: "saw" }>): void {
    if (!possible(name).has(value)) {
      violations.push(`${name} held ${value || "nothing"}, which nobody wrote`);
    }
    if (bytes === "wrong") violations.push(`${name} (${value}) led to wrong bytes`);
    if (bytes === "absent" && value !== "" && acknowledged.get(name) === value) {
      violations.push(`${name} (${value}) was not whole`);
    }
    names.set(name, new Set([value]));
  }

  for (const entry of entries) {
    const what = entry.kind === "note" ? entry.what : entry.kind;
    counts[what] = (counts[what] ?? 0) + 1;
    switch (entry.kind) {
      case "begin":
        names.set(entry.name, new Set([...possible(entry.name), entry.value]));
        acknowledged.delete(entry.name);
        break;
      case "done":
        names.set(entry.name, new Set([entry.value]));
        acknowledged.set(entry.name, entry.value);
        break;
      case "refused":
        // A publication that was refused takes the name back.
        names.set(entry.name, new Set([...possible(entry.name), ""]));
        break;
      case "saw":
        look(entry);
        break;
      case "pin":
        if (entry.value === "") pinned.delete(entry.name);
        else pinned.set(entry.name, entry.value);
        break;
      case "failed":
        violations.push(`${entry.what} failed: ${entry.message}`);
        break;
      case "note":
        break;
    }
  }
  return { names, acknowledged, pinned, violations, counts };
}
