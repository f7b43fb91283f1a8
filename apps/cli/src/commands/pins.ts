import { describePin, openPinStore, type PinInfo } from "@store/gc";

import type { CommandContext } from "../command-context.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatAge, formatDuration } from "../output/format-duration.ts";
import { formatTable } from "../output/format-table.ts";

/** `store pins`: what is pinned, ascending; a pin whose end has come keeps nothing any more. */
export async function listPins(context: CommandContext): Promise<number> {
  await using store = await openStore(context);
  const pins: PinInfo[] = [];
  for await (const pin of openPinStore(store.layout).list({ signal: context.signal })) {
    pins.push(pin);
  }
  pins.sort((a, b) => (a.subject < b.subject ? -1 : 1));
  context.output.answer({
    json: { pins: pins.map((pin) => describePin(pin)) },
    text: toText(pins, store.layout.now()),
  });
  if (pins.length === 0) context.output.note("nothing is pinned");
  return 0;
}

function toText(pins: readonly PinInfo[], nowMs: number): string {
  if (pins.length === 0) return "";
  const rows = pins.map((pin) => [
    escapeText(pin.subject),
    String(pin.digests.length),
    formatAge(nowMs - pin.pinnedAtMs),
    formatEnd(pin, nowMs),
    escapeText(pin.reason),
  ]);
  return formatTable([["PINNED", "BLOBS", "SINCE", "ENDS", "REASON"], ...rows], { right: [1] });
}

function formatEnd({ untilMs, live }: PinInfo, nowMs: number): string {
  if (untilMs === undefined) return "never";
  return live ? `in ${formatDuration(untilMs - nowMs)}` : "ended";
}
