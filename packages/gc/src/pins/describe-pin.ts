import type { PinInfo } from "./open-pin-store.ts";

/** A pin as JSON with stable keys, as every app prints it: times in ISO 8601, `holds` while it lasts. */
export function describePin(pin: PinInfo): object {
  const { subject, reason, digests, pinnedAtMs, untilMs, live } = pin;
  return {
    subject,
    reason,
    pinnedAt: new Date(pinnedAtMs).toISOString(),
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
    holds: live,
    digests,
  };
}
