export { createFakeHub } from "./hub/create-fake-hub.ts";
export type {
  FakeFile,
  FakeHub,
  FakeHubOptions,
  FakeHubRequest,
  FakeRepository,
} from "./hub/fake-hub.ts";
export type { FakeHubFaults } from "./hub/fake-hub-faults.ts";

export { createFakeRegistry } from "./registry/create-fake-registry.ts";
export type {
  FakeLayer,
  FakeManifest,
  FakeModel,
  FakeRegistry,
  FakeRegistryAuth,
  FakeRegistryOptions,
  FakeRegistryRequest,
} from "./registry/fake-registry.ts";

export type { GeneratedFile } from "./models/generated-file.ts";
export { generateGguf, type GgufOptions, writeGguf } from "./models/generate-gguf.ts";
export {
  generateSafetensors,
  type SafetensorsOptions,
  writeSafetensors,
} from "./models/generate-safetensors.ts";

export { sourceSuite, type SourceFixture, type SourceSuiteOptions } from "./source-suite.ts";
