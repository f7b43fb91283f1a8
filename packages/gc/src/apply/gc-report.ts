import type { Digest } from "@store/layout";

import type { ExpiredItem, GcPlan } from "../plan/gc-plan.ts";

/** Something that could not be deleted and was left as it was: rights, or somebody holds it open. */
export interface GcFailure {
  readonly subject: string;
  readonly error: unknown;
}

/** What a sweep did: the plan minus what the second look saved. */
export interface GcReport {
  readonly plan: GcPlan;
  /** Nothing was touched, and every list below is empty. */
  readonly dryRun: boolean;
  readonly freedBytes: number;
  /** Ascending. Includes what an interrupted sweep had left in the trash. */
  readonly destroyed: readonly Digest[];
  /** Needed after all, at the second look. Ascending. */
  readonly restored: readonly Digest[];
  /** Gone already when their turn came. Ascending. */
  readonly skipped: readonly Digest[];
  readonly expired: readonly ExpiredItem[];
  readonly failed: readonly GcFailure[];
}

/** One thing that happened. An `onProgress` that throws stops the sweep as any error does. */
export type GcEvent =
  | { readonly kind: "planned"; readonly plan: GcPlan }
  /** The size is 0 for what a pack dropped: only the pack as a whole has bytes on disk. */
  | { readonly kind: "destroyed" | "restored"; readonly digest: Digest; readonly size: number }
  | { readonly kind: "skipped"; readonly digest: Digest }
  | { readonly kind: "expired"; readonly item: ExpiredItem }
  | { readonly kind: "failed"; readonly subject: string; readonly error: unknown }
  /** Could not be given its name back while stopping. It stays in the trash for the next sweep. */
  | { readonly kind: "stranded"; readonly digest: Digest; readonly error: unknown }
  /** The orphans could not be recorded, so they stay young. */
  | { readonly kind: "unrecorded"; readonly error: unknown };
