import type { GcPlan, KeptCounts } from "./gc-plan.ts";

/** Lines of one list shown to a person; the rest is counted. */
const LINES_MAX = 20;

const KEPT_WORDS: Readonly<Record<keyof KeptCounts, string>> = {
  referenced: "needed by a name",
  leased: "leased",
  pinned: "pinned",
  unreadable: "unreadable",
  packed: "in packs not worth rewriting",
  young: "too young",
  nameless: "in a store without names",
};

/** A plan as text for people, with a final newline. Programs read `encodePlan`. */
export function formatPlan(plan: GcPlan): string {
  const lines = [
    `would free ${formatBytes(plan.reclaimBytes)}: ${counted(plan.candidates.length, "candidate")}, ${plan.expired.length} expired`,
    ...listed(
      plan.candidates,
      (item) => `candidate ${item.digest}  ${formatBytes(item.size)}  ${item.reason}`,
    ),
    ...listed(
      plan.packs,
      ({ id, drop }) => `rewrite pack ${printable(id)} without ${counted(drop.length, "object")}`,
    ),
    ...listed(
      plan.expired,
      ({ kind, id, bytes }) => `expired ${kind} ${printable(id)}  ${formatBytes(bytes)}`,
    ),
    ...listed(plan.trashed, (digest) => `in the trash of an interrupted sweep: ${digest}`),
    `kept: ${formatKept(plan.kept)}`,
  ];
  if (plan.newOrphans.length > 0) {
    lines.push(`seen without a name for the first time: ${plan.newOrphans.length}`);
  }
  lines.push(
    ...listed(plan.dangling, ({ root, digest }) => `missing: ${printable(root)} needs ${digest}`),
  );
  return `${lines.join("\n")}\n`;
}

function listed<T>(items: readonly T[], line: (item: T) => string): readonly string[] {
  const shown = items.slice(0, LINES_MAX).map(line);
  const rest = items.length - shown.length;
  return (rest > 0 ? [...shown, `and ${rest} more`] : shown).map((text) => `  ${text}`);
}

function formatKept(kept: KeptCounts): string {
  // The keys of the table above are exactly those of the counts.
  const reasons = Object.keys(KEPT_WORDS) as (keyof KeptCounts)[];
  const words = reasons
    .filter((reason) => kept[reason] > 0)
    .map((reason) => `${kept[reason]} ${KEPT_WORDS[reason]}`);
  return words.length === 0 ? "nothing" : words.join(", ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];

function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = "bytes";
  for (const next of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${unit === "bytes" ? value : value.toFixed(1)} ${unit}`;
}

/** Names of files and roots come from outside: no control character of theirs reaches a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => {
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
