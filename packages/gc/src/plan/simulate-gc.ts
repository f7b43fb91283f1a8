import type { Digest } from "@store/layout";

import type { GcPlan } from "./gc-plan.ts";

/**
 * The blobs a store holds after a plan was carried out and the second look saved nothing: those
 * given without the candidates, ascending. Candidates that are not among them change nothing.
 */
export function simulateGc(
  blobs: Iterable<Digest>,
  plan: Pick<GcPlan, "candidates">,
): readonly Digest[] {
  const kept = new Set(blobs);
  for (const { digest } of plan.candidates) kept.delete(digest);
  return [...kept].sort();
}
