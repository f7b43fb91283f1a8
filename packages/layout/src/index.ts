export type { AbortOptions, ProgressOptions } from "./abort-options.ts";
export { type ByteRange, type ByteSource, streamOf } from "./byte-source.ts";
export type { Finding } from "./finding.ts";

export type { ErrorCode, ErrorKind } from "./errors/error-code.ts";
export { errnoOf, isErrno } from "./errors/errno.ts";
export {
  isStoreError,
  StoreError,
  type StoreErrorJson,
  type StoreErrorOptions,
} from "./errors/store-error.ts";
export { asStoreError, explaining } from "./errors/system-error.ts";

export {
  type Descriptor,
  type Digest,
  digestFromHex,
  digestHex,
  EMPTY_DIGEST,
  isDigest,
  parseDigest,
} from "./digest/digest.ts";
export { createDigester, type Digester, digestBytes } from "./digest/digester.ts";

export { ifPresent } from "./fs/absence.ts";
export type {
  BlockingFile,
  BlockingFs,
  EntryKind,
  FsEntry,
  FsFile,
  FsPort,
  FsStat,
  OpenMode,
  OpenOptions,
  SmallFile,
} from "./fs/fs-port.ts";
export { nodeFs } from "./fs/node-fs.ts";
export { publish, type PublishOptions } from "./fs/publish.ts";
export { readDocument, type ReadDocumentOptions } from "./fs/read-document.ts";
export { createId, TEMPORARY_PREFIX, temporaryName } from "./fs/temporary-name.ts";
export { writeDocument, type WriteDocumentOptions } from "./fs/write-document.ts";
export { writeFully } from "./fs/write-fully.ts";

export { type HomeEnv, resolveHome } from "./root/resolve-home.ts";
export { type Layout, openLayout, type OpenLayoutOptions } from "./root/layout.ts";
export { createPaths, type Paths } from "./root/paths.ts";

export { digestFile } from "./digest/digest-file.ts";

export type { BlobInfo, BlobLocation, BlobReader } from "./blobs/blob-reader.ts";
export { openBlobStore } from "./blobs/disk-blob-store.ts";
export { createMemoryBlobStore } from "./blobs/memory-blob-store.ts";
export { recheckBlob } from "./blobs/recheck-blob.ts";
export { isReleased } from "./blobs/release-marks.ts";
export { overlay, type OverlayParts, type PackedBlobs } from "./blobs/overlay.ts";
export type {
  AddOptions,
  AdoptOptions,
  BlobEvent,
  BlobStore,
  CommitOptions,
  Ingest,
  IngestBuffer,
  IngestBufferOptions,
  IngestBuffers,
  IngestOptions,
  IngestTarget,
  PutOptions,
  Trashed,
  TrashNotice,
} from "./blobs/blob-store.ts";
export { type Debris, type DebrisItem, openPartialDebris } from "./debris/partial-debris.ts";
export { countPartialBytes } from "./ingest/open-ingest.ts";
export { openLeaseStore } from "./leases/disk-lease-store.ts";
export type { AcquireLeaseOptions, Lease, LeaseInfo, LeaseStore } from "./leases/lease-store.ts";
export { type LockOptions, withNameLock, withSweepLock } from "./locks/with-lock.ts";
export {
  type LinkEntry,
  type LinkMode,
  materialize,
  type Materialized,
  type MaterializeOptions,
} from "./materialize/materialize.ts";
export { createNodeProcesses } from "./processes/node-processes.ts";
export type { ProcessIdentity, ProcessTable } from "./processes/process-identity.ts";
export { quarantineBytes, quarantineFile, type QuarantineReason } from "./quarantine/quarantine.ts";
export { openRepair, type OpenRepairOptions, type RepairTarget } from "./repair/open-repair.ts";
export { CHUNK_BYTES } from "./sidecars/chunk-map.ts";
export { keepOrigins } from "./sidecars/keep-origins.ts";
export type { Origin } from "./sidecars/origin.ts";
export { readOrigins, recordOrigin } from "./sidecars/origins.ts";
export { isSpentMark, listSpentMarks } from "./trash/spent-marks.ts";
export { verifyBlobs, type VerifyEvent, type VerifyOptions } from "./verify/verify-blobs.ts";
