export { blobReaderSuite, type BlobReaderSuiteOptions } from "./blob-reader-suite.ts";
export { blobStoreSuite, type BlobStoreSuiteOptions } from "./blob-store-suite.ts";
export { collectContent, createContent, sliceContent, streamContent } from "./content.ts";
export { expectStoreError } from "./expect-error.ts";
export { createFaultyFs, type FaultyFs, type FsFault, FsStopped } from "./faulty-fs.ts";
export { ingestSuite, type IngestSuiteOptions } from "./ingest-suite.ts";
export {
  createDisk,
  createMemory,
  type Disk,
  FILE_SYSTEMS,
  type FileSystem,
  whyNoPowerCut,
} from "./power-cut-disk.ts";
export {
  explore,
  type Exploration,
  type ExploreOptions,
  type Violation,
} from "./interleaving/explore.ts";
export { type Actor, type Observer, type RunOptions, START_MS } from "./interleaving/run.ts";
export { itUnless, type SkippedTest } from "./skipping.ts";
export { createTemporaryLayout, type TemporaryLayout } from "./temporary-layout.ts";
export { type Point, trace, type TracedRun, type TraceOptions, whyNoTrace } from "./trace.ts";
