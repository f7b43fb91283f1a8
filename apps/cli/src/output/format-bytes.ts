const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const STEP = 1024;

/** A count of bytes for people, in three digits: `812 B`, `1.50 KiB`, `46.8 MiB`, `256 MiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "unknown";
  let value = bytes;
  let unit = 0;
  // 999.5 would be shown as four digits.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  return `${unit === 0 ? value : inThreeDigits(value)} ${UNITS[unit] ?? ""}`;
}

function inThreeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}
