import type { Timers } from "./timers.ts";

/** Signed URLs live for minutes to hours; after this long the hub is asked again. */
const LIFE_MS = 10 * 60_000;

/** One entry per file in flight is enough; the bound keeps a long-lived source small. */
const COUNT_MAX = 1024;

/**
 * Where redirects of earlier requests ended, so that each range of a large file does not walk the
 * whole chain. Only other origins are kept: they get no credentials, so nothing is lost.
 */
export interface DirectUrls {
  get(url: string): URL | undefined;
  set(url: string, final: URL): void;
  delete(url: string): void;
}

export function createDirectUrls(timers: Timers): DirectUrls {
  const known = new Map<string, { readonly final: URL; readonly sinceMs: number }>();
  return {
    get(url) {
      const entry = known.get(url);
      if (entry === undefined) return undefined;
      if (timers.elapsedMs() - entry.sinceMs < LIFE_MS) return entry.final;
      known.delete(url);
      return undefined;
    },
    set(url, final) {
      if (new URL(url).origin === final.origin) return;
      known.delete(url);
      const [oldest] = known.keys();
      if (known.size >= COUNT_MAX && oldest !== undefined) known.delete(oldest);
      known.set(url, { final, sinceMs: timers.elapsedMs() });
    },
    delete(url) {
      known.delete(url);
    },
  };
}
