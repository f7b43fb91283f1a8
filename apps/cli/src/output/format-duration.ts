const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A span in its two largest units: `8s`, `3m 20s`, `2h 5m`, `4d 1h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join(" ");
}

/** How long ago, in one unit: `just now`, `5 minutes ago`, `3 days ago`. */
export function formatAge(ageMs: number): string {
  const [value, unit] =
    ageMs < MINUTE_MS
      ? [0, ""]
      : ageMs < HOUR_MS
        ? [Math.floor(ageMs / MINUTE_MS), "minute"]
        : ageMs < DAY_MS
          ? [Math.floor(ageMs / HOUR_MS), "hour"]
          : [Math.floor(ageMs / DAY_MS), "day"];
  return value === 0 ? "just now" : `${value} ${unit}${value === 1 ? "" : "s"} ago`;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/** Milliseconds of `90s`, `30m`, `24h`, `7d`, `2w` or `0`; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const match = /^(\d{1,9})([smhdw])$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  return match === null || unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}
