export { pull } from "./pull.ts";
export type { PullEvent } from "./pull-event.ts";
export type {
  PulledFile,
  PullOptions,
  PullPorts,
  PullResult,
  SelectOptions,
} from "./pull-options.ts";

export type { QuarantinePort } from "./quarantine-port.ts";

export { repair } from "./repair/repair.ts";
export type { RepairOptions, RepairPorts, RepairResult } from "./repair/repair-options.ts";

export { plan } from "./plan/plan.ts";
export type { FetchPlan, PlannedFile, PlanPorts } from "./plan/fetch-plan.ts";
export {
  inspect,
  type InspectedFile,
  type Inspection,
  type InspectPorts,
} from "./inspect/inspect.ts";

export type { Credential, CredentialLookup, SignedRequest } from "./credentials/credential.ts";
export type { HelperRun, HelperRunner } from "./credentials/credential-helper.ts";
export {
  createOllamaCredentials,
  type OllamaCredentialsOptions,
} from "./credentials/ollama-credentials.ts";
export { type HubTokenOptions, readHubToken } from "./credentials/read-hub-token.ts";
export {
  createRegistryCredentials,
  type RegistryCredentialsOptions,
} from "./credentials/registry-credentials.ts";

export { createPolicy } from "./policy/create-policy.ts";
export type { Resolver } from "./policy/address-book.ts";
export type { PolicyRules, PolicySubject, PullPolicy } from "./policy/pull-policy.ts";

export { pickSource } from "./pick-source.ts";
export type {
  FileOrigin,
  KnownFile,
  ModelOrigin,
  OpenedRange,
  RangeBody,
  ResolvedModel,
  ResolveOptions,
  Source,
  SourceFile,
} from "./source.ts";

export { createFileSource, type FileSourceOptions } from "./sources/file/create-file-source.ts";
export { createHuggingFaceSource } from "./sources/huggingface/create-hugging-face-source.ts";
export type { HuggingFaceOptions } from "./sources/huggingface/hugging-face-options.ts";
export { createOciSource, type OciSourceOptions } from "./sources/oci/create-oci-source.ts";
export { createOllamaSource } from "./sources/ollama/create-ollama-source.ts";
export type { RegistryOptions, TokenHosts } from "./sources/registry/registry-options.ts";
export { createUrlSource, type UrlSourceOptions } from "./sources/url/create-url-source.ts";

export type { HopInfo, HttpOptions } from "./http/http-options.ts";
export { createProxyLookup } from "./http/proxy/create-proxy-lookup.ts";
export type { ProxyLookup } from "./http/proxy/proxy.ts";
export { type CertificatesOptions, readCertificates } from "./http/read-certificates.ts";
export { createRateLimit, type RateLimit } from "./transfer/rate-limit.ts";
export { defaultRetryPolicy, type RetryPolicy } from "./http/retry-policy.ts";
export { systemTimers, type Timers } from "./http/timers.ts";
