import type { PinInfo } from "@store/gc";

/** A pin as it is answered; the CLI prints the same. */
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
