import type { ListedExpirable } from "../snapshot/gc-snapshot.ts";
import type { ExpiredItem } from "./gc-plan.ts";
import type { ExpiryRule, ResolvedPolicy } from "./gc-policy.ts";

/** What goes by age, and by size with the oldest first; sorted by kind, then id. */
export function planExpired(
  expirables: readonly ListedExpirable[],
  policy: Pick<ResolvedPolicy, "expire">,
): readonly ExpiredItem[] {
  const expired = Object.entries(policy.expire).flatMap(([kind, rule]) =>
    expireKind(
      expirables.filter((item) => item.kind === kind),
      rule,
    ),
  );
  return expired.sort(byKindThenId);
}

function expireKind(items: readonly ListedExpirable[], rule: ExpiryRule): readonly ExpiredItem[] {
  const youngestFirst = items.toSorted((a, b) => a.ageMs - b.ageMs || (a.id < b.id ? -1 : 1));
  const expired: ExpiredItem[] = [];
  let bytesSoFar = 0;
  for (const { kind, id, ageMs, bytes } of youngestFirst) {
    bytesSoFar += bytes;
    const overfull = bytesSoFar > (rule.bytesMax ?? Number.POSITIVE_INFINITY);
    if (ageMs >= rule.ageMs || overfull) expired.push({ kind, id, bytes });
  }
  return expired;
}

function byKindThenId(a: ExpiredItem, b: ExpiredItem): number {
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
