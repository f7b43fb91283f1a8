/**
 * A point in time as `produced_at` has it: RFC 3339 UTC, whole seconds, `Z`.
 *
 * @param ms wall-clock milliseconds, as `layout.now()` gives them
 */
export function formatProducedAt(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
