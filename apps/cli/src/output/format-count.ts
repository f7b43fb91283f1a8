const UNITS = ["", "K", "M", "B", "T"] as const;
const STEP = 1000;

/** A large count as people say it of models: `999`, `22.4M`, `7.24B`. */
export function formatCount(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  if (unit === 0) return String(value);
  return `${Number(value.toPrecision(3))}${UNITS[unit] ?? ""}`;
}

/** `1 file`, `3 files`. */
export function formatPlural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
