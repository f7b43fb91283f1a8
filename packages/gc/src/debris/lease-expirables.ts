import type { Layout, LeaseStore } from "@store/layout";

import type { Expirables } from "../ports.ts";

/** Leases that protect nothing any more: their holders died, or forgot them. */
export function createLeaseExpirables(
  leases: LeaseStore,
  { now }: Pick<Layout, "now">,
): Expirables {
  return {
    kind: "lease",
    async *list() {
      for await (const { id, live, expiresAtMs } of leases.list()) {
        if (!live) yield { id, ageMs: now() - expiresAtMs, bytes: 0 };
      }
    },
    async remove(id) {
      await leases.removeExpired(id);
    },
  };
}
