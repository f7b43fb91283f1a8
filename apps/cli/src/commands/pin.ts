import { describePin, openPinStore, pinBlobs, type PinInfo } from "@store/gc";

import type { CommandContext } from "../command-context.ts";
import { usageError } from "../errors/usage-error.ts";
import { readKept } from "../models/find-kept.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatPlural } from "../output/format-count.ts";
import { parseDuration } from "../output/format-duration.ts";

/** What a person says in a line or two. */
const REASON_CHARS_MAX = 1_000;

/** A date, or a time with its offset from UTC. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/;

export interface PinFlags {
  readonly reason?: string;
  readonly until?: string;
}

/** `store pin NAME|DIGEST`: keeps what it leads to now, whatever becomes of its names. */
export async function keepPinned(
  context: CommandContext,
  text: string,
  flags: PinFlags,
): Promise<number> {
  const { reason = "" } = flags;
  if (reason.length > REASON_CHARS_MAX) {
    throw usageError("the reason is too long", `Say it in ${REASON_CHARS_MAX} characters.`);
  }
  await using store = await openStore(context);
  const untilMs =
    flags.until === undefined ? undefined : parseUntil(flags.until, store.layout.now());
  const { subject, digests } = await readKept(store, text);
  const kept = { subject, digests, reason, untilMs };
  const placed = await pinBlobs(openPinStore(store.layout), store.blobs, kept);
  context.output.answer({ json: describePin(placed), text: toText(placed) });
  return 0;
}

function parseUntil(text: string, nowMs: number): number {
  const durationMs = parseDuration(text);
  const untilMs = durationMs === undefined ? parseTime(text) : nowMs + durationMs;
  if (untilMs !== undefined && untilMs > nowMs) return Math.floor(untilMs);
  throw usageError(
    untilMs === undefined ? `not a time: ${text}` : `over already: ${text}`,
    "Write a duration (12h, 30d, 2w), a date (2030-12-31) or a time (2030-12-31T18:00Z).",
  );
}

function parseTime(text: string): number | undefined {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function toText({ subject, digests, untilMs }: PinInfo): string {
  const end = untilMs === undefined ? "" : ` until ${new Date(untilMs).toISOString()}`;
  return `pinned ${escapeText(subject)}: its ${formatPlural(digests.length, "blob")} stay${digests.length === 1 ? "s" : ""}${end}\n`;
}
