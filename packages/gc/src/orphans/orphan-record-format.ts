import { type Digest, digestFromHex, digestHex } from "@store/layout";

/**
 * Most orphans that are remembered. At 82 bytes each the file stays below 21 MiB; a store with more
 * orphans loses the oldest first and remembers others in their place.
 */
export const ORPHANS_COUNT_MAX: number = 2 ** 18;

/** 64 hex digits, a space, up to 16 digits of milliseconds, a newline. */
const LINE_BYTES_MAX = 64 + 1 + 16 + 1;

export const ORPHANS_BYTES_MAX: number = ORPHANS_COUNT_MAX * LINE_BYTES_MAX;

const line = /^([0-9a-f]{64}) (0|[1-9][0-9]{0,15})$/;

export type OrphanRecord = readonly [Digest, number];

/**
 * The text of a record: a line `<sha256 in hex> <milliseconds since 1970>` for each orphan,
 * ascending. Of too many the oldest are kept.
 */
export function formatOrphans(records: Iterable<OrphanRecord>): string {
  let kept = [...records];
  if (kept.length > ORPHANS_COUNT_MAX) {
    kept = kept.sort((a, b) => a[1] - b[1] || byDigest(a, b)).slice(0, ORPHANS_COUNT_MAX);
  }
  return kept
    .sort(byDigest)
    .map(([digest, sinceMs]) => `${digestHex(digest)} ${sinceMs}\n`)
    .join("");
}

/** The records of a text, or `undefined` if any part of it is not as {@link formatOrphans} writes it. */
export function parseOrphans(text: string): readonly OrphanRecord[] | undefined {
  if (text === "") return [];
  if (!text.endsWith("\n")) return undefined;
  const records: OrphanRecord[] = [];
  for (const row of text.slice(0, -1).split("\n")) {
    const [, hex = "", digits] = line.exec(row) ?? [];
    const digest = digestFromHex(hex);
    const sinceMs = Number(digits);
    const last = records.at(-1);
    if (digest === undefined || !Number.isSafeInteger(sinceMs)) return undefined;
    if (last !== undefined && last[0] >= digest) return undefined;
    records.push([digest, sinceMs]);
  }
  return records;
}

function byDigest(a: OrphanRecord, b: OrphanRecord): number {
  return a[0] < b[0] ? -1 : 1;
}
