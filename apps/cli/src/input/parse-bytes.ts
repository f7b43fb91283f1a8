const KIB = 1024;
const KB = 1000;

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kib: KIB,
  mib: KIB ** 2,
  gib: KIB ** 3,
  tib: KIB ** 4,
  kb: KB,
  mb: KB ** 2,
  gb: KB ** 3,
  tb: KB ** 4,
};

/** Bytes of `64GiB`, `500 MB`, `1.5TiB`, `4096` or `0`; `undefined` for anything else. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([KMGT]i?B|B)?$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "B").toLowerCase()];
  if (match === null || unit === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
