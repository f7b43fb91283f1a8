import { collectGarbage } from "@store/gc";
import type { AbortOptions, Digest } from "@store/layout";
import { packInfoOf } from "@store/pack";

import type { Store } from "../open-store.ts";
import { createSweepPorts } from "../sweep/sweep-ports.ts";

/** Everything in packs but what a sweep may take, by the very rules of a sweep. */
export async function liveObjects(
  store: Store,
  options: AbortOptions,
): Promise<ReadonlySet<Digest>> {
  const ports = createSweepPorts(store, (body) => body(new AbortController().signal));
  const { plan } = await collectGarbage(ports, {
    ...options,
    dryRun: true,
    policy: { packLiveShareMax: 1 },
  });
  const dead = new Set(plan.packs.flatMap(({ drop }) => drop));
  const live = new Set<Digest>();
  for (const pack of store.packs.packs()) {
    const { objects } = await packInfoOf(pack);
    for (const { digest } of objects) if (!dead.has(digest)) live.add(digest);
  }
  return live;
}
