export { createPackWriter, type PackWriterOptions } from "./chkl/create-pack-writer.ts";
export { decodeIdentity, encodeIdentity } from "./chkl/identity-table.ts";
export { decodeIndex, encodeIndex } from "./chkl/index-table.ts";
export { openPack, type OpenPackOptions } from "./chkl/open-pack.ts";
export type { PackEntry, PackObject } from "./chkl/pack-entry.ts";
export { type PackDirectory, type PackHome, packPath } from "./chkl/pack-home.ts";
export { type PackFileKind, type PackId, parsePackId } from "./chkl/pack-id.ts";
export type { PackReader } from "./chkl/pack-reader.ts";
export type { AddOutcome, ContentIdentity, FinishedPack, PackWriter } from "./chkl/pack-writer.ts";

export { hashPackKey, type PackKey, parsePackKey } from "./hash/pack-key.ts";

export { decodeFrame, type DecodeFrameOptions } from "./lz4/frame-decoder.ts";
export { encodeFrame } from "./lz4/frame-encoder.ts";
export type { FrameFault } from "./lz4/frame-error.ts";

export { packBlobs, type PackBlobsOptions } from "./move/pack-blobs.ts";
export type {
  PackBlobsEvent,
  PackBlobsReport,
  Stay,
  StayReason,
} from "./move/pack-blobs-report.ts";
export {
  unpackBlobs,
  type UnpackBlobsEvent,
  type UnpackBlobsOptions,
  type UnpackBlobsReport,
} from "./move/unpack-blobs.ts";

export { type PackRepair, repairPacks } from "./repair/repair-packs.ts";

export {
  applyRepack,
  type ApplyRepackOptions,
  type RepackEvent,
  type RepackReport,
} from "./repack/apply-repack.ts";
export { openSweepablePacks, type SweepablePacks } from "./repack/open-sweepable-packs.ts";
export { packInfoOf } from "./repack/pack-info-of.ts";
export { planRepack } from "./repack/plan-repack.ts";
export type { PackInfo, RepackPlan, RepackPolicy, RepackSource } from "./repack/repack-plan.ts";

export { openPackSet } from "./set/open-pack-set.ts";
export type { PackSet } from "./set/pack-set.ts";

export { openPackDebris } from "./trash/open-pack-debris.ts";

export { describePack, type DescribedEntry, type PackDescription } from "./verify/describe-pack.ts";
export { rebuildIdentity, type RebuildIdentityOptions, rebuildIndex } from "./verify/rebuild.ts";
export {
  verifyPacks,
  type VerifyPackEvent,
  type VerifyPacksOptions,
} from "./verify/verify-packs.ts";
