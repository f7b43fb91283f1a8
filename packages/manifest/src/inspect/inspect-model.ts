import { inspectGguf } from "./inspect-gguf.ts";
import type { InspectOptions } from "./inspect-options.ts";
import { inspectSafetensors } from "./inspect-safetensors.ts";
import type { ModelInfo, RangeReader } from "./model-info.ts";

/**
 * What a weights file says of its model, in whichever of the known formats it is; `undefined` for
 * anything else. The content decides, never a file name.
 *
 * @throws StoreError `ERR_STORE_HEADER_INVALID`, `ERR_STORE_HEADER_UNSUPPORTED`
 */
export async function inspectModel(
  ranges: RangeReader,
  options: InspectOptions = {},
): Promise<ModelInfo | undefined> {
  return (await inspectGguf(ranges, options)) ?? inspectSafetensors(ranges, options);
}
