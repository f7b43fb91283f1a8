export {
  type FlatName,
  type Name,
  REF_DEFAULTS,
  type RefDefaults,
  type RefName,
} from "./name/name.ts";
export { formatName, foldName } from "./name/format-name.ts";
export { parseName, type ParsedName, type ParseNameOptions } from "./name/parse-name.ts";

export type { Document, FileRole, ModelFile } from "./document/document.ts";
export { decodeManifest, type DecodeOptions } from "./document/decode-manifest.ts";
export { diffDocuments, type ManifestDiff } from "./document/diff-documents.ts";
export { checkFilePaths, isFilePath } from "./document/file-path.ts";
export { filesOf } from "./document/files-of.ts";
export { MANIFEST_BYTES_MAX } from "./document/manifest-json.ts";
export { referencedDigests } from "./document/referenced-digests.ts";

export { encodeV1 } from "./v1/encode-v1.ts";
export { formatProducedAt } from "./v1/produced-at.ts";
export type { ExtraField, V1Manifest, V1Source } from "./v1/v1-manifest.ts";

export {
  type EncodedDocument,
  type EncodedModelPack,
  encodeModelPack,
  type ModelPackFile,
} from "./linked/encode-model-pack.ts";
export type {
  Annotations,
  ImageIndex,
  ImageManifest,
  LinkedDescriptor,
} from "./linked/linked-manifest.ts";
export type { ModelPackMeta } from "./linked/model-pack-config.ts";

export type {
  LinkOptions,
  ListedManifest,
  ManifestEntry,
  ManifestStore,
  Removed,
  Root,
  StoredManifest,
  UnlinkOptions,
} from "./store/manifest-store.ts";
export { findKept, type Kept, type KeptPorts, keptSubjects } from "./store/find-kept.ts";
export { findName } from "./store/find-name.ts";
export { twinOf } from "./store/name-conflicts.ts";
export {
  type ManifestPorts,
  openManifestStore,
  type OpenManifestStoreOptions,
} from "./store/open-manifest-store.ts";
export { verifyManifests } from "./verify/verify-manifests.ts";
