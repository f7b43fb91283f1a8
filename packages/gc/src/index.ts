export {
  createDigestTable,
  createDigestTableBuilder,
  type DigestTable,
  type DigestTableBuilder,
} from "./digests/digest-table.ts";

export type {
  DropOptions,
  Expirable,
  Expirables,
  ForeignLock,
  GcBlobInfo,
  GcBlobs,
  GcLease,
  GcLeases,
  GcOrphans,
  GcPack,
  GcPacks,
  GcPin,
  GcPins,
  GcPorts,
  GcTrashed,
  GcTrashNotice,
  ListExpirablesOptions,
  LookAgain,
  OrphanRecords,
  Root,
} from "./ports.ts";

export {
  createSnapshot,
  type SnapshotBlob,
  type SnapshotInput,
} from "./snapshot/create-snapshot.ts";
export type {
  GcSnapshot,
  ListedExpirable,
  UnneededBlob,
  UnneededBlobs,
} from "./snapshot/gc-snapshot.ts";
export type { ReferenceTable } from "./snapshot/reference-table.ts";
export { type SnapshotPorts, takeSnapshot } from "./snapshot/take-snapshot.ts";

export { countReferences, withoutRoot } from "./plan/count-references.ts";
export { decodePlan } from "./plan/decode-plan.ts";
export { encodePlan } from "./plan/encode-plan.ts";
export { explain, type Explanation } from "./plan/explain.ts";
export { formatPlan } from "./plan/format-plan.ts";
export type {
  CandidateReason,
  DanglingReference,
  ExpiredItem,
  GcCandidate,
  GcPlan,
  KeptCounts,
  PackDrop,
} from "./plan/gc-plan.ts";
export {
  DEFAULT_EXPIRY,
  type ExpiryRule,
  type GcPolicy,
  ORPHAN_AGE_MS_MIN,
} from "./plan/gc-policy.ts";
export type { Verdict } from "./plan/judge-unneeded.ts";
export { planGc } from "./plan/plan-gc.ts";
export { simulateGc } from "./plan/simulate-gc.ts";

export { applyGc, type ApplyOptions } from "./apply/apply-gc.ts";
export { lookAgain, type SecondLook } from "./apply/look-again.ts";
export type { GcEvent, GcFailure, GcReport } from "./apply/gc-report.ts";
export { collectGarbage, type CollectOptions } from "./collect-garbage.ts";
export { createStorePorts, type SweptStore } from "./create-store-ports.ts";
export { createViewExpirables, type NamedManifests } from "./debris/view-expirables.ts";
export { findForeignLock, type FindForeignLockOptions } from "./foreign-locks/find-foreign-lock.ts";
export { describePin } from "./pins/describe-pin.ts";
export { openPinStore, type PinInfo, type PinStore } from "./pins/open-pin-store.ts";
export { pinBlobs } from "./pins/pin-blobs.ts";
export type { Pin } from "./pins/pin-document.ts";
export { openOrphanRecord } from "./orphans/open-orphan-record.ts";
