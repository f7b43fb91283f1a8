import type { UnneededBlob } from "../snapshot/gc-snapshot.ts";

/**
 * Since when sweeps have seen a blob unreferenced, or `undefined` if that must be recorded anew.
 * A record from the future was written under a wrong clock and says nothing.
 */
export function recordedSinceMs(blob: UnneededBlob, takenAtMs: number): number | undefined {
  const { sinceMs } = blob;
  return sinceMs !== undefined && sinceMs >= 0 && sinceMs <= takenAtMs ? sinceMs : undefined;
}

/**
 * How long a blob has certainly been an orphan, never negative. A blob added after it was recorded
 * is a new copy of one that was deleted, so its time starts at its own date; a date in the future
 * is a foreign file's and is ignored, or such a file would never go.
 */
export function orphanAgeMs(blob: UnneededBlob, takenAtMs: number): number {
  const recorded = recordedSinceMs(blob, takenAtMs) ?? takenAtMs;
  const added = blob.addedAtMs <= takenAtMs ? blob.addedAtMs : 0;
  return takenAtMs - Math.max(recorded, added);
}
