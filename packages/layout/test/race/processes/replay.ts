import type { LogEntry } from "./log.ts";

/** What a name may hold, as far as its one writer was told. `""`: it does not exist. */
type Possible = ReadonlySet<string>;

export interface Replayed {
  /** What each name may hold in the end. */
  readonly names: ReadonlyMap<string, Possible>;
  /** Names whose last change was acknowledged, with what they hold. */
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly violations: readonly string[];
  /** How often each thing was done. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Replays what one writer did and was told, its deaths included, and compares it with what it saw.
 * Each name has one writer, so its log alone decides what the name may hold.
 */
export function replay(entries: readonly LogEntry[]): Replayed {
  const names = new Map<string, Possible>();
  const acknowledged = new Map<string, string>();
  const violations: string[] = [];
  const counts: Record<string, number> = {};
  const possible = (name: string): Possible => names.get(name) ?? new Set([""]);

  for (const entry of entries) {
    const what = entry.kind === "note" ? entry.what : entry.kind;
    counts[what] = (counts[what] ?? 0) + 1;
    switch (entry.kind) {
      case "begin":
        names.set(entry.name, new Set([...possible(entry.name), entry.digest]));
        acknowledged.delete(entry.name);
        break;
      case "done":
        names.set(entry.name, new Set([entry.digest]));
        acknowledged.set(entry.name, entry.digest);
        break;
      case "refused":
        // A publication that was refused takes the name back.
        names.set(entry.name, new Set([...possible(entry.name), ""]));
        break;
      case "saw": {
        const { name, digest, blob } = entry;
        if (!possible(name).has(digest))
          violations.push(`${name} held ${digest || "nothing"}, which nobody wrote`);
        if (blob === "wrong") violations.push(`${name} led to wrong bytes`);
        if (blob === "absent" && acknowledged.get(name) === digest && digest !== "")
          violations.push(`${name} led to a blob that was not there`);
        names.set(name, new Set([digest]));
        break;
      }
      case "failed":
        violations.push(`${entry.what} failed: ${entry.message}`);
        break;
      case "note":
        break;
    }
  }
  return { names, acknowledged, violations, counts };
}
