import { type Digest, isDigest } from "@store/layout";

/** What somebody wants kept, and for how long. */
export interface Pin {
  /** What was pinned, in full: a name, or a digest in its text form. Case does not distinguish. */
  readonly subject: string;
  /** Everything that stays while the pin holds. */
  readonly digests: readonly Digest[];
  /** For people; may be empty. */
  readonly reason: string;
  /** Wall-clock milliseconds. */
  readonly pinnedAtMs: number;
  /** Wall-clock milliseconds; `undefined` for a pin without an end. */
  readonly untilMs: number | undefined;
}

/** A hundred thousand digests: beyond any model, and what one read may cost. */
export const PIN_BYTES_MAX: number = 16 * 1024 * 1024;

/** The file of a pin: JSON, indented, with a final newline. See "Pins" in `docs/format.md`. */
export function encodePin(pin: Pin): Uint8Array {
  const { subject, reason, pinnedAtMs, untilMs = null } = pin;
  const digests = [...new Set(pin.digests)].sort();
  const document = { pin: 1, subject, reason, pinnedAtMs, untilMs, digests };
  return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
}

/** `undefined` for anything that is not a whole pin of the version we know. */
export function decodePin(bytes: Uint8Array): Pin | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { pin, subject, reason, pinnedAtMs, untilMs, digests } = value as Record<string, unknown>;
  if (pin !== 1 || typeof subject !== "string" || typeof reason !== "string") return undefined;
  if (!isTime(pinnedAtMs) || !(untilMs === null || isTime(untilMs))) return undefined;
  if (!Array.isArray(digests) || !digests.every(isDigest)) return undefined;
  return { subject, reason, pinnedAtMs, untilMs: untilMs ?? undefined, digests };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
