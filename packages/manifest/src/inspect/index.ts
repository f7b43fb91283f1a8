export { blobRanges } from "./blob-ranges.ts";
export { inspectGguf } from "./inspect-gguf.ts";
export { inspectModel } from "./inspect-model.ts";
export type { InspectOptions } from "./inspect-options.ts";
export { inspectSafetensors } from "./inspect-safetensors.ts";
export type { ModelInfo, RangeReader, TensorTypeCount } from "./model-info.ts";
