import type { Timers } from "../http/timers.ts";
import { checkHop, type Resolver } from "./private-hops.ts";

/** Each range of a large file makes the same hop; looking names up for all of them would show. */
const LIFE_MS = 60_000;
const COUNT_MAX = 256;

/** Refuses hops into private networks: see `checkHop`. */
export type HopGuard = (url: URL, first: URL) => Promise<void>;

/** A guard that remembers for a minute what it let pass. */
export function createHopGuard(resolver: Resolver, timers: Pick<Timers, "elapsedMs">): HopGuard {
  const passed = new Map<string, number>();
  return async (url, first) => {
    const key = `${first.host} ${url.host}`;
    const nowMs = timers.elapsedMs();
    if ((passed.get(key) ?? -Infinity) > nowMs - LIFE_MS) return;
    await checkHop(url, first, resolver);
    if (passed.size >= COUNT_MAX) passed.clear();
    passed.set(key, nowMs);
  };
}
